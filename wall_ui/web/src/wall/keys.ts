import type { Arrow } from '../live/layout';

/** What a key asks of the wall. */
export type KeyCommand =
  | { do: 'grid'; index: number }
  | { do: 'move'; arrow: Arrow }
  | { do: 'page'; by: 1 | -1 }
  | { do: 'open' | 'back' | 'events' | 'help' };

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>;

const ARROWS: ReadonlySet<string> = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

const COMMANDS: Readonly<Record<string, KeyCommand>> = {
  '1': { do: 'grid', index: 0 },
  '2': { do: 'grid', index: 1 },
  '3': { do: 'grid', index: 2 },
  '4': { do: 'grid', index: 3 },
  PageUp: { do: 'page', by: -1 },
  PageDown: { do: 'page', by: 1 },
  Enter: { do: 'open' },
  Escape: { do: 'back' },
  e: { do: 'events' },
  E: { do: 'events' },
  '?': { do: 'help' },
};

/** Read a key; null where it is not the wall's. Keys with Ctrl, Alt or Meta are the browser's. */
export function commandOf(event: Pressed): KeyCommand | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (ARROWS.has(event.key)) return { do: 'move', arrow: event.key as Arrow };
  return Object.hasOwn(COMMANDS, event.key) ? (COMMANDS[event.key] ?? null) : null;
}

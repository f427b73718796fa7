export type Trouble = 'unreachable' | 'refused' | 'broken';

/** Who is to blame: the way to the tiles, their server, or the tiles themselves. */
export function troubleOf(cause: unknown): Trouble {
  const status = fieldOf(cause, 'status');
  if (cause instanceof TypeError || status === 0) return 'unreachable';
  const words = cause instanceof Error ? cause.message : '';
  if (typeof status === 'number' || words.startsWith('Bad response code')) return 'refused';
  return 'broken';
}

/** A field of something that came from elsewhere. */
export function fieldOf(thing: unknown, name: string): unknown {
  return typeof thing === 'object' && thing !== null ? Reflect.get(thing, name) : undefined;
}

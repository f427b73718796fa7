/** What can be taken back step by step, and kept. */
export interface Steps {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  undo(): void;
  redo(): void;
}

/** Ctrl+Z, Ctrl+Shift+Z or Ctrl+Y, and Ctrl+S; a field where somebody types keeps its own steps. */
export function stepByKey(event: KeyboardEvent, steps: Steps, save: () => void): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
  const key = event.key.toLowerCase();
  if (key === 's') save();
  else if (typing) return;
  else if (key === 'z' && event.shiftKey) steps.redo();
  else if (key === 'z') steps.undo();
  else if (key === 'y') steps.redo();
  else return;
  event.preventDefault();
}

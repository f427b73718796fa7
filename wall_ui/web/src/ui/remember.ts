/** Small choices that last on this screen. Storage may be switched off: then they last one visit. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`camhub.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`camhub.${name}`, value);
  } catch {
    return;
  }
}

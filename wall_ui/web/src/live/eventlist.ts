/** What the list needs of an event. */
export interface Listed {
  id: string;
  seq: number;
  at: string;
}

/** Merge events into a list: newest first, each id once, at most `limit`. Returns a new list. */
export function mergeEvents<T extends Listed>(
  list: readonly T[],
  incoming: readonly T[],
  limit: number,
): T[] {
  const byId = new Map(list.map((event) => [event.id, event]));
  for (const event of incoming) byId.set(event.id, event);
  return [...byId.values()]
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.seq - a.seq)
    .slice(0, limit);
}

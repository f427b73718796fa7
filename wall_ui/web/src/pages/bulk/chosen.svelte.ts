import { SvelteSet } from 'svelte/reactivity';

/** The hub takes no more ids in one question. */
export const MOST = 10_000;

/** The cameras that are chosen for an edit: kept from page to page, until they are edited. */
class Chosen {
  readonly ids = new SvelteSet<string>();

  /** Choose some cameras or let them go; false where there would be too many. */
  set(ids: Iterable<string>, on: boolean): boolean {
    for (const id of ids) {
      if (!on) this.ids.delete(id);
      else if (this.ids.size < MOST) this.ids.add(id);
      else if (!this.ids.has(id)) return false;
    }
    return true;
  }

  /** Choose these and no others. */
  only(ids: Iterable<string>): boolean {
    this.ids.clear();
    return this.set(ids, true);
  }
}

export const chosen = new Chosen();

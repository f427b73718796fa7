import type { Api } from '../../api/client';
import { listGroups, type Group } from '../access/api';
import { UnitChoice } from '../cameras/units.svelte';
import type { Names } from './fields';
import { t } from './words';

/** Units and groups by their codes and ids, for saying what a camera's fields hold. */
export class Directory implements Names {
  readonly units = new UnitChoice();
  groups = $state.raw<readonly Group[]>([]);
  readonly #named = $derived(new Map(this.groups.map(({ id, name }) => [id, name])));

  async load(api: Api): Promise<void> {
    const [groups] = await Promise.all([listGroups(api), this.units.load(api)]);
    this.groups = groups;
  }

  unit(code: string): string {
    return this.units.label(code);
  }

  group(id: string): string {
    return this.#named.get(id) ?? t('unknown');
  }
}

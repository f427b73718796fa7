import type { Api } from '../../api/client';
import { language } from '../../i18n/index.svelte';
import { listUnits, type Unit } from './api';
import { folded } from './draft';

/** The city's units for choosing one: the label holds the code, which alone is unique. */
export class UnitChoice {
  units = $state.raw<readonly Unit[]>([]);

  async load(api: Api): Promise<void> {
    this.units = await listUnits(api);
  }

  nameOf(unit: Unit): string {
    return language.current === 'vi' ? unit.name_vi : unit.name_en;
  }

  labelOf(unit: Unit): string {
    return `${this.nameOf(unit)} (${unit.code})`;
  }

  label(code: string): string {
    const unit = this.units.find((one) => one.code === code);
    return unit === undefined ? code : this.labelOf(unit);
  }

  /** The code that a text means: a label, a bare code, or a name that only one unit has. */
  codeOf(text: string): string | null {
    const wanted = text.trim();
    const code = /\((\d{5})\)$/.exec(wanted)?.[1] ?? wanted;
    if (this.units.some((unit) => unit.code === code)) return code;
    const named = this.units.filter((unit) =>
      [unit.name_vi, unit.name_en].some((name) => folded(name) === folded(wanted)),
    );
    return named.length === 1 ? (named[0]?.code ?? null) : null;
  }
}

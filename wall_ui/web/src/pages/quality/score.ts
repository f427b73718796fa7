import type { Language } from '../../i18n/format';

export type Grade = 'good' | 'fair' | 'poor' | 'unknown';

/** How a score is to be taken. It is never told by colour alone: the figure stands beside it. */
export function gradeOf(score: number | null): Grade {
  if (score === null) return 'unknown';
  if (score >= 0.9) return 'good';
  return score >= 0.7 ? 'fair' : 'poor';
}

/** A score in hundredths, rounded down: only a full score reads 100. */
export function points(score: number | null): string {
  return score === null ? '–' : String(Math.floor(score * 100 + 1e-9));
}

/** A calendar day, `2026-01-31`, as the language writes it. */
export function dayWords(language: Language, day: string): string {
  const form = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' } as const;
  const locale = language === 'vi' ? 'vi-VN' : 'en-GB';
  return new Intl.DateTimeFormat(locale, form).format(new Date(`${day}T00:00:00Z`));
}

/** Points of a line in a box of 1 by 1 with y downwards; days without a score are left out. */
export function sparkline(scores: readonly (number | null)[]): string {
  const step = scores.length > 1 ? 1 / (scores.length - 1) : 0;
  return scores
    .flatMap((score, index) =>
      score === null ? [] : [`${(index * step).toFixed(3)},${(1 - score).toFixed(3)}`],
    )
    .join(' ');
}

/** The rows in the order of a score; what is not known comes last both ways. */
export function sortedBy<Row>(
  rows: readonly Row[],
  scoreOf: (row: Row) => number | null,
  descending: boolean,
): Row[] {
  return [...rows].sort((a, b) => {
    const [one, other] = [scoreOf(a), scoreOf(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return descending ? other - one : one - other;
  });
}

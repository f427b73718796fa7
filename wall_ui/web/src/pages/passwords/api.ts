import type { Api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Change = Schemas['PasswordChangeShape'];
export type ChangePage = Schemas['PasswordChangePage'];
export type ChangeRow = Schemas['PasswordRowShape'];
export type ChangeRowPage = Schemas['PasswordRowPage'];
export type RowState = ChangeRow['state'];
export type Selection = Schemas['PasswordSelection'];

export const CHANGES = '/api/v1/password-changes';
export const ROW_STATES: readonly RowState[] = [
  'waiting',
  'sent',
  'done',
  'failed',
  'unsure',
  'cancelled',
];
const FILTERS = ['unit', 'group', 'q', 'tag', 'weak_credentials'] as const;
const MOST_IDS = 10_000;

/** Which cameras are meant, as an address holds it: filters, or ids in `camera`. */
export interface Choice {
  unit: string;
  group: string;
  q: string;
  tag: string;
  weak_credentials: string;
  cameras: readonly string[];
}

export function readChoice(query: URLSearchParams): Choice {
  const ids = query.getAll('camera').flatMap((value) => value.split(','));
  return {
    unit: query.get('unit') ?? '',
    group: query.get('group') ?? '',
    q: query.get('q') ?? '',
    tag: query.get('tag') ?? '',
    weak_credentials: query.get('weak_credentials') === 'true' ? 'true' : '',
    cameras: ids.filter((id) => id !== '').slice(0, MOST_IDS),
  };
}

export function isChosen(choice: Choice): boolean {
  return choice.cameras.length > 0 || filtersOf(choice).size > 0;
}

export function filtersOf(choice: Choice): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of FILTERS) {
    const value = choice[name].trim();
    if (value !== '') query.set(name, value);
  }
  return query;
}

function chosen(choice: Choice): { cameras: readonly string[] | null } {
  return { cameras: choice.cameras.length > 0 ? choice.cameras : null };
}

export function preview(api: Api, choice: Choice): Promise<Selection> {
  return api.send('POST', `${CHANGES}/preview?${filtersOf(choice)}`, chosen(choice));
}

export function beginChange(
  api: Api,
  choice: Choice,
  how: { mode: Change['mode']; password: string | null },
): Promise<Change> {
  return api.send('POST', `${CHANGES}?${filtersOf(choice)}`, { ...chosen(choice), ...how });
}

export function changePath(id: string): string {
  return `${CHANGES}/${encodeURIComponent(id)}`;
}

/** Cameras of a change that are at their end, one way or another. */
export function endedOf({ total, counts }: Change): number {
  return total - (counts.waiting ?? 0) - (counts.sent ?? 0);
}

export function canRetry({ state, counts }: Change): boolean {
  return state !== 'running' && (counts.failed ?? 0) + (counts.unsure ?? 0) > 0;
}

import { language } from '../i18n/index.svelte';
import type {
  Camera,
  CameraPage,
  Config,
  EventPage,
  LoginBody,
  Session,
  SetupBody,
  SetupNeeded,
  SignedOut,
} from './types';

/** What is wrong with one field of what was sent. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A refusal from the API (RFC 9457), or `status` 0 where no answer came at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail || code || `HTTP ${status}`);
    this.name = 'ApiError';
  }
}

/** More cameras than this on one wall are paged through by the server's cursor, never at once. */
const CAMERAS_PER_CALL = 500;
const CAMERAS_AT_MOST = 5000;

export class Api {
  /** Called when the server says that nobody is signed in. */
  onSignedOut: () => void = () => undefined;
  csrfToken = '';

  config(): Promise<Config> {
    return this.#call<Config>('GET', '/api/v1/config');
  }

  /** The session that the cookie stands for, or null. */
  async session(): Promise<Session | null> {
    try {
      return this.#keep(await this.#send<Session>('GET', '/api/v1/session'));
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 401) return null;
      throw cause;
    }
  }

  /**
   * Raises ApiError 401 for a wrong name or password, with the code `second_step` where a code is
   * needed too and `second_step_wrong` for a wrong one; 429 after too many attempts.
   */
  async signIn(username: string, password: string, code = ''): Promise<Session> {
    const body: LoginBody = { username, password, code };
    return this.#keep(await this.#send('POST', '/api/v1/session', body));
  }

  /** Returns where to go to sign out at the provider as well, or null. */
  async signOut(): Promise<string | null> {
    const done = await this.#send<SignedOut>('DELETE', '/api/v1/session');
    this.csrfToken = '';
    return done.next;
  }

  async setupNeeded(): Promise<boolean> {
    return (await this.#send<SetupNeeded>('GET', '/api/v1/setup')).needed;
  }

  async setUp(token: string, username: string, password: string): Promise<Session> {
    const body: SetupBody = { token, username, password };
    return this.#keep(await this.#send('POST', '/api/v1/setup', body));
  }

  /** Read something. Rooms of the application name their own paths and types. */
  get<T>(path: string): Promise<T> {
    return this.#call<T>('GET', path);
  }

  /** Change something. A `Blob` or a form goes as it is, all else as JSON. */
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    return this.#call<T>(method, path, body, headers);
  }

  /** Every camera in use: one that is switched off has no picture, and takes no place on a wall. */
  async cameras(): Promise<Camera[]> {
    const all: Camera[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ enabled: 'true', limit: String(CAMERAS_PER_CALL) });
      if (cursor !== null) query.set('cursor', cursor);
      const page: CameraPage = await this.#call('GET', `/api/v1/cameras?${query}`);
      all.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null && all.length < CAMERAS_AT_MOST);
    return all;
  }

  events(limit: number): Promise<EventPage> {
    return this.#call('GET', `/api/v1/events?limit=${limit}`);
  }

  async #call<T>(
    method: string,
    path: string,
    body?: unknown,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    try {
      return await this.#send<T>(method, path, body, extra);
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 401) this.onSignedOut();
      throw cause;
    }
  }

  async #send<T>(
    method: string,
    path: string,
    body?: unknown,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const headers: Record<string, string> = {
      Accept: 'application/json',
      'Accept-Language': language.current,
      ...extra,
    };
    const plain = body instanceof Blob || body instanceof FormData;
    if (body !== undefined && !plain) headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && this.csrfToken !== '') headers['X-CSRF-Token'] = this.csrfToken;
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers,
        credentials: 'same-origin',
        ...(body === undefined ? {} : { body: plain ? body : JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(0, 'network', '', '');
    }
    if (!response.ok) throw await problem(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  #keep(session: Session): Session {
    this.csrfToken = session.csrf_token;
    return session;
  }
}

async function problem(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    body = {}; // a proxy in between answers in HTML; the status alone has to do
  }
  const text = (key: string) => (typeof body[key] === 'string' ? body[key] : '');
  const errors = Array.isArray(body['errors']) ? body['errors'].filter(isFieldError) : [];
  return new ApiError(response.status, text('code'), text('detail'), text('hint'), errors);
}

function isFieldError(value: unknown): value is FieldError {
  if (typeof value !== 'object' || value === null) return false;
  const { field, message } = value as Record<string, unknown>;
  return typeof field === 'string' && typeof message === 'string';
}

import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import type { Response } from '../http/exchange.ts';
import type { Credentials } from './credentials.ts';

/** The body of an error (OCI distribution specification, error codes). */
const errorBody = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    errors: v.array(v.object({ code: v.optional(v.string(), ''), message: v.optional(v.string(), '') })),
  }),
);

/** What a request that was not answered as hoped was about. */
export interface FailedRequest {
  /** The thing asked for. */
  readonly what: string;
  readonly registry: string;
  /** What was shown to the registry. */
  readonly credentials: Credentials | undefined;
}

/** The SourceError for an answer with a status that is none of success. */
export function statusError(
  { status, headers, url }: Response,
  body: Uint8Array | undefined,
  { what, registry, credentials }: FailedRequest,
): SourceError {
  const host = escapeControls(url.host);
  const login = `docker login ${escapeControls(registry)}`;
  const said = registryMessage(body);
  switch (status) {
    case 401:
    case 403:
      return credentials === undefined
        ? new SourceError('unauthorized', `${what}: ${host} does not give it without a login${said}`, {
            hint: `check the name, which may not exist; log in with: ${login}`,
          })
        : new SourceError(
            'unauthorized',
            `${what}: ${host} does not give it for the credentials in ${escapeControls(credentials.origin)}${said}`,
            { hint: `check the name, and that this user may read it; log in as another with: ${login}` },
          );
    case 404:
      return new SourceError('not-found', `${what}: ${host} does not have it${said}`, {
        hint: 'check the name and the tag',
      });
    case 429: {
      const after = headers['retry-after'];
      const wait = after !== undefined && /^\d{1,9}$/.test(after) ? `; it asks to wait ${after} seconds` : '';
      return new SourceError(
        'unreachable',
        `${what}: ${host} got too many requests from here${wait}${said}`,
        {
          hint: credentials === undefined ? `try again later, or log in with: ${login}` : 'try again later',
        },
      );
    }
    default:
      return new SourceError('unreachable', `${what}: ${host} answered with status ${status}${said}`, {
        hint: status >= 500 ? 'try again later' : 'check that this is a container registry',
      });
  }
}

/** What the registry says itself, in brackets. */
function registryMessage(body: Uint8Array | undefined): string {
  const parsed = v.safeParse(errorBody, Buffer.from(body ?? '').toString('utf8'));
  const [first] = parsed.success ? parsed.output.errors : [];
  if (first === undefined) return '';
  const words = [first.code, first.message].filter((word) => word !== '').join(': ');
  return words === '' ? '' : ` (${escapeControls(words.slice(0, 200))})`;
}

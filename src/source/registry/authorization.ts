import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import { readBody } from '../http/exchange.ts';
import type { HttpClient } from '../http/http-client.ts';
import { isLoopbackHost } from '../http/proxy.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';

const CLIENT_ID = 'kairos-sysext';
const ANSWER_MAX = 1024 * 1024;

/** What a token server gives (distribution, spec/auth/token.md and oauth.md). */
const tokenAnswer = v.object({ token: v.optional(v.string()), access_token: v.optional(v.string()) });

/** Who asks for what. */
export interface AuthorizationRequest {
  readonly http: HttpClient;
  /** Of the registry's API. */
  readonly base: URL;
  /** As the reference names it, for hints. */
  readonly registry: string;
  readonly repository: string;
  readonly credentials: Credentials | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The Authorization header that answers a registry's challenges: user name and password as such, or a token that the
 * server the registry names gives for them, or to anybody for what is public.
 *
 * @throws SourceError `unauthorized` where there is no way in, `unreachable` where the token server fails.
 */
export async function authorize(
  challenges: readonly Challenge[],
  request: AuthorizationRequest,
): Promise<string> {
  const { base, credentials } = request;
  const host = escapeControls(base.host);
  if (credentials?.kind === 'registry-token') return `Bearer ${headerValue(credentials.token, host)}`;
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'));
  if (bearer !== undefined) return `Bearer ${headerValue(await fetchToken(bearer, request), host)}`;
  if (!challenges.some(({ scheme }) => scheme === 'basic')) {
    const schemes = challenges.map(({ scheme }) => escapeControls(scheme)).join(', ');
    throw new SourceError(
      'unauthorized',
      `${host}: it asks for a login of a kind that is not known here (${schemes === '' ? 'none is named' : schemes})`,
    );
  }
  if (credentials?.kind === 'password') return basic(credentials.username, credentials.password);
  throw new SourceError('unauthorized', `${host}: it asks for a user name and a password`, {
    hint: `log in with: docker login ${escapeControls(request.registry)}`,
  });
}

async function fetchToken({ parameters }: Challenge, request: AuthorizationRequest): Promise<string> {
  const { http, base, repository, credentials, signal } = request;
  const realm = realmUrl(parameters.get('realm') ?? '', base);
  const fields: [string, string][] = [];
  const service = parameters.get('service');
  if (service !== undefined) fields.push(['service', service]);
  const scopes = (parameters.get('scope') ?? `repository:${repository}:pull`).split(' ');
  const abort = signal === undefined ? {} : { signal };

  const send = (): ReturnType<HttpClient['send']> => {
    if (credentials?.kind === 'identity-token') {
      fields.push(['scope', scopes.join(' ')], ['client_id', CLIENT_ID]);
      fields.push(['grant_type', 'refresh_token'], ['refresh_token', credentials.token]);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return http.send(realm, {
        method: 'POST',
        headers,
        body: new URLSearchParams(fields).toString(),
        ...abort,
      });
    }
    for (const scope of scopes) fields.push(['scope', scope]);
    const headers: Record<string, string> = {};
    if (credentials?.kind === 'password') {
      fields.push(['account', credentials.username]);
      headers.authorization = basic(credentials.username, credentials.password);
    }
    for (const [name, value] of fields) realm.searchParams.append(name, value);
    return http.send(realm, { headers, ...abort });
  };
  const response = await send();
  const body = await readBody(response, ANSWER_MAX).catch((error) => {
    throw http.networkError(error, realm);
  });
  const host = escapeControls(realm.host);
  if (response.status === 401 || response.status === 403) throw refused(host, request);
  const answer = v.safeParse(
    v.pipe(v.string(), v.parseJson(), tokenAnswer),
    Buffer.from(body ?? '').toString('utf8'),
  );
  const token = answer.success ? (answer.output.token ?? answer.output.access_token) : undefined;
  if (response.status === 200 && token !== undefined && token !== '') return token;
  throw new SourceError(
    'unreachable',
    `${host}: it gives no token for ${escapeControls(base.host)} (status ${response.status})`,
    { hint: 'try again later; check that the registry is set up with this token server' },
  );
}

/** The address of the token server, to which credentials go: over TLS only, or within this machine. */
function realmUrl(realm: string, base: URL): URL {
  const url = URL.parse(realm);
  const isLocal =
    url?.protocol === 'http:' &&
    base.protocol === 'http:' &&
    isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''));
  if (url !== null && (url.protocol === 'https:' || isLocal)) {
    url.username = '';
    url.password = '';
    return url;
  }
  const host = escapeControls(base.host);
  throw new SourceError(
    'unauthorized',
    `${host}: it names a token server without encryption, '${escapeControls(realm.slice(0, 200))}'`,
    {
      hint: 'credentials are sent over https only; the registry must be set up with an https address',
    },
  );
}

function refused(host: string, { registry, credentials }: AuthorizationRequest): SourceError {
  const login = `docker login ${escapeControls(registry)}`;
  if (credentials === undefined) {
    return new SourceError('unauthorized', `${host}: it gives no token without a login`, {
      hint: `log in with: ${login}`,
    });
  }
  const origin = escapeControls(credentials.origin);
  return new SourceError('unauthorized', `${host}: it rejected the credentials in ${origin}`, {
    hint: `log in again with: ${login}`,
  });
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function headerValue(token: string, host: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new SourceError('unauthorized', `${host}: its token has characters that no token may have`);
}

import { spawn } from 'node:child_process';
import * as v from 'valibot';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import type { Credentials } from './credentials.ts';

/** Milliseconds for a helper, which may ask a person to unlock a key ring. */
const TIMEOUT = 120_000;
const ANSWER_MAX = 64 * 1024;
/** What a helper says when it has none; it is no failure (docker-credential-helpers, credentials/error.go). */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name by which a helper marks an identity token. */
const TOKEN_USER = '<token>';

const answer = v.object({ Username: v.string(), Secret: v.string() });

/**
 * Asks `docker-credential-NAME` for the credentials of a server (protocol of docker-credential-helpers); undefined if
 * it has none.
 *
 * @param origin Where the helper is named, for messages.
 * @throws SourceError `unauthorized` where the helper is missing or fails. What it says of credentials is never shown.
 */
export async function helperCredentials(
  name: string,
  server: string,
  origin: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  const failed = (reason: string, hint: string): SourceError =>
    new SourceError(
      'unauthorized',
      `${escapeControls(program)}, named in ${escapeControls(origin)}: ${reason}`,
      { hint },
    );
  if (!/^[\w.-]+$/.test(name))
    throw failed('this is no name of a program', `correct it in ${escapeControls(origin)}`);

  const outcome = await run(program, server, environment, signal);
  if ('error' in outcome) {
    signal?.throwIfAborted();
    throw outcome.error.code === 'ENOENT'
      ? failed(
          'this credential helper is not installed',
          'install it, or remove it from the file and log in again',
        )
      : failed(`this credential helper cannot be run (${outcome.error.code})`, 'check its permissions');
  }
  const { status, stdout } = outcome;
  if (status !== 0) {
    const message = stdout.trim();
    if (message === NOT_FOUND) return undefined;
    const shown = message === '' || message.includes('{') ? '' : `: ${escapeControls(message.slice(0, 200))}`;
    throw failed(
      `this credential helper failed (exit status ${status ?? 'none'})${shown}`,
      'run it by hand to see why',
    );
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answer), stdout);
  if (!parsed.success) throw failed('its answer is not what helpers give', 'install a current version of it');
  const { Username: username, Secret: secret } = parsed.output;
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret, origin: program };
  return username === '' && secret === ''
    ? undefined
    : { kind: 'password', username, password: secret, origin: program };
}

type HelperOutcome =
  | { readonly status: number | null; readonly stdout: string }
  | { readonly error: NodeJS.ErrnoException };

function run(
  program: string,
  server: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<HelperOutcome> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: TIMEOUT,
      ...(signal === undefined ? {} : { signal }),
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
      if (stdout.length > ANSWER_MAX) child.kill();
    });
    // A helper may end without having read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(server);
    child.on('error', (error) => resolve({ error }));
    child.on('close', (status) => resolve({ status, stdout }));
  });
}

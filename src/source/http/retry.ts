import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Response } from './exchange.ts';
import { isPassing } from './network-error.ts';

/** Waits some milliseconds; rejects with the reason of the signal when it aborts. */
export type Sleep = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Times that something is tried. */
export const TRIES_MAX = 5;
const FIRST_WAIT = 500;
/** Most milliseconds spent waiting for one request, whatever a server asks for. */
const WAITS_MAX = 120_000;
/** Too many requests, and failures of servers and gateways that pass (RFC 6585, RFC 9110). */
const PASSING_STATUSES = new Set([429, 500, 502, 503, 504]);

/** {@link Sleep} by the real clock. */
export const sleep: Sleep = async (milliseconds, signal) => {
  try {
    await sleepFor(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
};

/** Milliseconds before the next try when `failures` went wrong: 0.5 s, and twice as long each time. */
export function backoff(failures: number): number {
  return FIRST_WAIT * 2 ** (failures - 1);
}

/**
 * Asks until there is an answer that will stay: failures that pass are tried again, at most {@link TRIES_MAX} times in
 * all, after the time that the server asks for or a growing one. The last answer is returned, the last error thrown.
 */
export async function withRetries(
  ask: () => Promise<Response>,
  wait: Sleep,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let waited = 0;
  for (let failures = 1; ; failures++) {
    let pause = backoff(failures);
    try {
      const response = await ask();
      if (!PASSING_STATUSES.has(response.status) || failures === TRIES_MAX) return response;
      pause = retryAfter(response.headers['retry-after'], Date.now()) ?? pause;
      if (waited + pause > WAITS_MAX) return response;
      response.discard();
    } catch (error) {
      if (!isPassing(error) || failures === TRIES_MAX) throw error;
    }
    waited += pause;
    await wait(pause, signal);
  }
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const milliseconds = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

import { NodeError } from '../../src/node/error.ts';
import type { Host, HostDirectory } from '../../src/node/host/host.ts';

/** What happens instead of a call. */
export type Fault = (call: string) => void;

/** The calls that change the machine. */
const CHANGES = new Set([
  'openWriter',
  'rename',
  'symlink',
  'unlink',
  'sync',
  'write',
  'truncate',
  'publish',
  'put',
  'append',
  'lock',
]);

/**
 * A host whose n-th changing call does not happen: `fault` throws or kills instead. With n = 0 nothing is at fault, and
 * `calls` lists what was called. After a kill, `ever after`, no later call happens either, such as those that clear away.
 */
export function faultyHost(
  host: Host,
  n: number,
  fault: Fault,
  times: 'once' | 'ever after' = 'once',
): Host & { readonly calls: string[] } {
  const calls: string[] = [];
  const wrap = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, key) {
        const value = Reflect.get(target, key, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const name = String(key);
          const options = args.at(-1);
          const creates =
            name === 'openDirectory' &&
            typeof options === 'object' &&
            (options as { create?: boolean }).create;
          if (CHANGES.has(name) || creates === true) {
            calls.push(name);
            const isLater = times === 'ever after' && n > 0 && calls.length > n;
            if (calls.length === n || isLater) fault(name);
          }
          const result = value.apply(target, args.map(unwrapped)) as unknown;
          if (result instanceof Promise || typeof result !== 'object' || result === null) return result;
          return isDoor(name) ? remember(wrap(result), result) : result;
        };
      },
    });
  const originals = new WeakMap<object, object>();
  const remember = <T extends object>(proxy: T, original: object): T => {
    originals.set(proxy, original);
    return proxy;
  };
  const unwrapped = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (originals.get(value) ?? value) : value;
  return Object.assign(wrap(host), { calls });
}

/** A fault as the file system has it. */
export function failsWith(code: string): Fault {
  return (call) => {
    const cause = Object.assign(new Error(code), { code, syscall: call });
    throw new NodeError('io', `cannot ${call}: ${code}`, { cause });
  };
}

function isDoor(call: string): boolean {
  return call === 'openDirectory' || call === 'openWriter';
}

export type { HostDirectory };

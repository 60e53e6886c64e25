import type { ByteString } from '../../base/byte-string.ts';
import { utf8ByteString } from '../../base/byte-string.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';
import { defaultHierarchies } from './merged.ts';
import { readServiceUnit, type ServiceAssignments } from './unit-files.ts';

/** How the machine's own service merges extensions. */
export interface ServiceSettings {
  /** Arguments behind `refresh`, such as `--image-policy=…`. */
  readonly args: readonly string[];
  /** What the service's environment says to systemd-sysext and systemd-confext. */
  readonly environment: Readonly<Record<string, string>>;
  /** The hierarchies that are merged. */
  readonly hierarchies: readonly ByteString[];
  /** The image policy, where the service sets one. */
  readonly imagePolicy: string | undefined;
}

/** The variables that systemd-sysext and systemd-confext read (docs/ENVIRONMENT.md of systemd). */
const VARIABLE = /^SYSTEMD_(?:SYSEXT|CONFEXT|DISSECT_VERITY)_[A-Z_]+$/;
const POLICY_OPTION = '--image-policy=';

/**
 * Reads how systemd-sysext.service or systemd-confext.service refreshes, drop-ins included, so that a refresh by hand does the
 * same. Where there is no such service, as systemd does by default. By the service's files under another root than the running
 * machine's, and where systemd does not run.
 */
export async function readServiceSettings(host: Host, kind: ExtensionKind): Promise<ServiceSettings> {
  const unit = `systemd-${kind.name}.service`;
  const byFiles = (): ServiceSettings => serviceSettingsOf(readServiceUnit(host, unit), kind);
  if (!host.isRunning) return byFiles();
  const properties = 'ExecStart,ExecReload,Environment';
  try {
    const { status, stdout } = await host.run('systemctl', ['show', unit, `--property=${properties}`], {
      timeout: 20_000,
    });
    return status === 0 ? serviceSettingsIn(stdout, kind) : byFiles();
  } catch (error) {
    if (error instanceof NodeError && error.code === 'unsupported') return byFiles();
    throw error;
  }
}

/** The settings in what `systemctl show` prints. */
export function serviceSettingsIn(text: string, kind: ExtensionKind): ServiceSettings {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const command = commandIn(values.get('ExecReload'), kind) ?? commandIn(values.get('ExecStart'), kind);
  return settingsOf(command, wordsIn(values.get('Environment') ?? ''), kind);
}

/** The settings in a service's unit. */
export function serviceSettingsOf(unit: ServiceAssignments, kind: ExtensionKind): ServiceSettings {
  const command = ['ExecReload', 'ExecStart']
    .map((key) => unit.get(key)?.at(-1))
    // Before the program there may be marks of how it is started (systemd.service(5)).
    .map((line) => (line === undefined ? undefined : argsIn(wordsIn(line.replace(/^[-@:+!|]+/, '')), kind)))
    .find((args) => args !== undefined);
  return settingsOf(command, (unit.get('Environment') ?? []).flatMap(wordsIn), kind);
}

function settingsOf(
  args: readonly string[] = [],
  assignments: readonly string[],
  kind: ExtensionKind,
): ServiceSettings {
  const environment: Record<string, string> = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    const name = assignment.slice(0, equals);
    if (equals > 0 && VARIABLE.test(name)) environment[name] = assignment.slice(equals + 1);
  }
  const hierarchies = environment[`SYSTEMD_${kind.name.toUpperCase()}_HIERARCHIES`];
  return {
    args,
    environment,
    hierarchies:
      hierarchies === undefined ? defaultHierarchies(kind) : hierarchies.split(':').map(utf8ByteString),
    imagePolicy: args.findLast((arg) => arg.startsWith(POLICY_OPTION))?.slice(POLICY_OPTION.length),
  };
}

/** The arguments behind the verb in a value such as `{ path=/usr/bin/systemd-sysext ; argv[]=systemd-sysext refresh ; … }`. */
function commandIn(value: string | undefined, kind: ExtensionKind): string[] | undefined {
  const argv = / argv\[\]=(.*?) ; (?:ignore_errors|flags)=/.exec(value ?? '')?.[1];
  return argv === undefined ? undefined : argsIn(wordsIn(argv), kind);
}

/** What stands in a command besides the program and the verb; undefined for another command. */
function argsIn([program, ...args]: readonly string[], kind: ExtensionKind): string[] | undefined {
  const verb = args.indexOf('refresh');
  if (program === undefined || !program.endsWith(`systemd-${kind.name}`) || verb < 0) return undefined;
  return [...args.slice(0, verb), ...args.slice(verb + 1)];
}

/** Words that are separated by blanks, in double quotes where there are blanks in them (src/basic/escape.c: shell_maybe_quote). */
function wordsIn(text: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    words.push(plain ?? quoted!.replace(/\\(.)/g, '$1'));
  }
  return words;
}

import type { ExtensionKind } from '../image/extension/kind.ts';
import { ImagePolicyError } from '../image/policy/error.ts';
import { evaluatePolicy } from '../image/policy/evaluate.ts';
import { parseImagePolicy } from '../image/policy/parse.ts';
import type { Host } from '../node/host/host.ts';
import type { ServiceSettings } from '../node/machine/service-settings.ts';
import { SINCE } from '../node/machine/systemd-version.ts';
import { type RefreshRules, type RefreshSettings, refreshSettings } from '../node/refresh-settings.ts';

/**
 * The image policy where signatures are required. Alternatives other than `signed` would each be enough by itself, so none may
 * stand beside it but `absent`.
 */
const SIGNED_POLICY = 'root=signed+absent:usr=signed+absent';

/** Drop-ins are read in the order of their names, whatever their directory: this one after `kairos.conf`, so that it counts. */
const DROP_IN = 'zz-immucore.conf';

/** How systemd merges at this boot. */
export interface BootServiceRules extends RefreshRules {
  readonly service: ServiceSettings;
  readonly requiresSignatures: boolean;
}

/**
 * How systemd is to merge at this boot: as its service does, with what is configured; and where signatures are required, with a
 * policy that nothing unsigned passes.
 */
export function bootServiceSettings(kind: ExtensionKind, rules: BootServiceRules): RefreshSettings {
  const { configuration, service, systemdVersion, requiresSignatures } = rules;
  const policy = configuration.imagePolicy ?? service.imagePolicy;
  const imagePolicy =
    requiresSignatures && !demandsSignatures(policy) ? SIGNED_POLICY : configuration.imagePolicy;
  return refreshSettings(kind, {
    configuration: { ...configuration, imagePolicy },
    service,
    systemdVersion,
  });
}

/** Whether no image without a signature fits a policy, systemd's own if there is none. */
function demandsSignatures(policy: string | undefined): boolean {
  if (policy === undefined) return false;
  const partition = {
    architecture: undefined,
    readOnly: true,
    growFileSystem: false,
    fileSystemType: undefined,
  };
  try {
    const parsed = parseImagePolicy(policy);
    return (['root', 'usr'] as const).every((data) => {
      const unsigned = [
        new Map([[data, partition]]),
        new Map([
          [data, partition],
          [`${data}-verity` as const, partition],
        ]),
      ];
      return unsigned.every(
        (partitions) => !evaluatePolicy(parsed, { hasPartitionTable: true, partitions, generic: [] }).allowed,
      );
    });
  } catch (error) {
    if (error instanceof ImagePolicyError) return false;
    throw error;
  }
}

/**
 * Tells the service of this boot how to merge, by a drop-in in /run, where it differs from what is installed. The agent asks
 * systemd for it, so that `--now` does the same.
 *
 * @returns Whether there is one.
 * @throws NodeError ('io', 'unsafe-path').
 */
export function writeServiceSettings(
  initramfs: Host,
  kind: ExtensionKind,
  service: ServiceSettings,
  settings: RefreshSettings,
): boolean {
  const isInstalled =
    settings.args.join('\n') === service.args.join('\n') &&
    Object.entries(settings.environment).every(([name, value]) => service.environment[name] === value);
  if (isInstalled) return false;
  const unit = `systemd-${kind.name}`;
  // Variables are replaced in commands only (systemd.service(5), "Command lines").
  const command = [unit, 'refresh', ...settings.args]
    .map((arg) => quoted(arg).replaceAll('$', '$$$$'))
    .join(' ');
  const lines = [
    '# Written by immucore for this boot.',
    '[Service]',
    ...Object.entries(settings.environment).map(
      ([name, value]) => `Environment=${quoted(`${name}=${value}`)}`,
    ),
    'ExecStart=',
    `ExecStart=${command}`,
    'ExecReload=',
    `ExecReload=${command}`,
  ];
  using directory = initramfs.openDirectory(`/run/systemd/system/${unit}.service.d`, { create: true });
  directory?.put(DROP_IN, Buffer.from(`${lines.join('\n')}\n`));
  return true;
}

/** A word of a unit file (systemd.syntax(7), "Quoting"; systemd.unit(5), "Specifiers"). */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replace(/["\\]/g, '\\$&');
  return /^[\w/=:+.,@%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** The image policy among the arguments of a refresh; undefined where systemd's own holds, or it knows none. */
export function policyOf({ args }: RefreshSettings, systemdVersion: number | undefined): string | undefined {
  if (systemdVersion !== undefined && systemdVersion < SINCE.imagePolicy) return undefined;
  const option = '--image-policy=';
  return args.findLast((arg) => arg.startsWith(option))?.slice(option.length);
}

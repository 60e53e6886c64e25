import { type ByteString, utf8ByteString } from '../base/byte-string.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import type { Configuration } from './config/configuration.ts';
import type { ServiceSettings } from './machine/service-settings.ts';
import { SINCE } from './machine/systemd-version.ts';

/** How systemd is asked to refresh. */
export interface RefreshSettings {
  /** Arguments behind `refresh`, such as `--image-policy=…`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What decides how systemd is asked to refresh. */
export interface RefreshRules {
  readonly configuration: Pick<Configuration, 'imagePolicy' | 'mutable' | 'hierarchies'>;
  readonly service: Pick<ServiceSettings, 'args' | 'environment'>;
  /** Undefined where nobody knows: then it is a new one. */
  readonly systemdVersion: number | undefined;
}

/** The options of a refresh that came with a version. */
const OPTIONS = { '--image-policy': SINCE.imagePolicy, '--mutable': SINCE.mutable } as const;

/**
 * The configuration has the last word over the service's own settings. What this version of systemd does not know is left out,
 * also of the service's settings: over an unknown option systemd would merge nothing.
 */
export function refreshSettings(
  kind: ExtensionKind,
  { configuration, service, systemdVersion = Number.POSITIVE_INFINITY }: RefreshRules,
): RefreshSettings {
  let { args } = service;
  const set = (option: keyof typeof OPTIONS, value: string | undefined): void => {
    const isKnown = systemdVersion >= OPTIONS[option];
    if (value === undefined && isKnown) return;
    args = args.filter((arg) => !arg.startsWith(`${option}=`));
    if (isKnown) args = [...args, `${option}=${value}`];
  };
  set('--image-policy', configuration.imagePolicy);
  set('--mutable', configuration.mutable);
  const hierarchies = configuredHierarchies(kind, configuration);
  return {
    args,
    environment: {
      ...service.environment,
      ...(hierarchies !== undefined && { SYSTEMD_SYSEXT_HIERARCHIES: hierarchies.join(':') }),
    },
  };
}

/** The hierarchies that a refresh merges over: the configuration's, else the service's. */
export function mergedHierarchies(
  kind: ExtensionKind,
  {
    configuration,
    service,
  }: {
    readonly configuration: Pick<Configuration, 'hierarchies'>;
    readonly service: Pick<ServiceSettings, 'hierarchies'>;
  },
): readonly ByteString[] {
  return configuredHierarchies(kind, configuration)?.map(utf8ByteString) ?? service.hierarchies;
}

/** Those that the configuration sets, which is about system extensions only. */
function configuredHierarchies(
  kind: ExtensionKind,
  { hierarchies }: Pick<Configuration, 'hierarchies'>,
): readonly string[] | undefined {
  return kind.name === 'sysext' ? hierarchies : undefined;
}

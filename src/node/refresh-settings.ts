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

/** The configuration has the last word over the service's own settings, where this version of systemd knows them. */
export function refreshSettings(
  kind: ExtensionKind,
  { configuration, service, systemdVersion = Number.POSITIVE_INFINITY }: RefreshRules,
): RefreshSettings {
  let { args } = service;
  const set = (option: string, value: string | undefined, since: number): void => {
    if (value === undefined || systemdVersion < since) return;
    args = [...args.filter((arg) => !arg.startsWith(`${option}=`)), `${option}=${value}`];
  };
  set('--image-policy', configuration.imagePolicy, SINCE.imagePolicy);
  set('--mutable', configuration.mutable, SINCE.mutable);
  const hierarchies = kind.name === 'sysext' ? configuration.hierarchies : undefined;
  return {
    args,
    environment: {
      ...service.environment,
      ...(hierarchies !== undefined && { SYSTEMD_SYSEXT_HIERARCHIES: hierarchies.join(':') }),
    },
  };
}

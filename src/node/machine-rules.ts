import type { ReleaseHost } from '../image/extension/check-release.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { parseImagePolicy } from '../image/policy/parse.ts';
import type { ImagePolicy } from '../image/policy/policy.ts';
import type { Configuration } from './config/configuration.ts';
import { type OnForbidden, readConfiguration } from './config/read-configuration.ts';
import type { Host } from './host/host.ts';
import type { Boot } from './machine/boot-state.ts';
import { readBoot, readTrustedBoot } from './machine/read-boot.ts';
import { readReleaseHost } from './machine/release-host.ts';
import { readServiceSettings, type ServiceSettings } from './machine/service-settings.ts';
import { readSystemdVersion } from './machine/systemd-version.ts';
import { type MachineTrust, machineTrust, trustPlaces } from './machine-trust.ts';

/** What a machine demands of the images of a class, and how it merges them. */
export interface MachineRules {
  readonly configuration: Configuration;
  readonly boot: Boot;
  readonly isTrustedBoot: boolean;
  readonly trust: MachineTrust;
  /** The policy that images must fit: the configuration's, else the service's. */
  readonly policy: ImagePolicy | undefined;
  /** Undefined for a root without os-release. */
  readonly releaseHost: ReleaseHost | undefined;
  /** Undefined where nobody knows. */
  readonly systemdVersion: number | undefined;
  readonly service: ServiceSettings;
}

/**
 * Reads the rules of a machine.
 *
 * @param onForbidden As that of `readConfiguration`; nothing may be decided by rules of which a part is missing.
 * @throws NodeError ('configuration', 'io'), TrustError for a certificate of the configuration that cannot be read, and the error
 * of an image policy that is none.
 */
export async function readMachineRules(
  host: Host,
  kind: ExtensionKind,
  onForbidden?: OnForbidden,
): Promise<MachineRules> {
  const configuration = await readConfiguration(host, onForbidden);
  const boot = readBoot(host);
  const [{ isTrustedBoot }, systemdVersion, service] = await Promise.all([
    readTrustedBoot(host, boot),
    readSystemdVersion(host),
    readServiceSettings(host, kind),
  ]);
  const trust = await machineTrust(trustPlaces(host), { isTrustedBoot, ...configuration });
  const policy = configuration.imagePolicy ?? service.imagePolicy;
  return {
    configuration,
    boot,
    isTrustedBoot,
    trust,
    policy: policy === undefined ? undefined : parseImagePolicy(policy),
    releaseHost: readReleaseHost(host, systemdVersion),
    systemdVersion,
    service,
  };
}

import type { ReleaseHost } from '../image/extension/check-release.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { ImagePolicyError } from '../image/policy/error.ts';
import { parseImagePolicy } from '../image/policy/parse.ts';
import type { ImagePolicy } from '../image/policy/policy.ts';
import { TrustError } from '../trust/error.ts';
import type { Configuration } from './config/configuration.ts';
import { type OnForbidden, readConfiguration } from './config/read-configuration.ts';
import { NodeError } from './error.ts';
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
  /** Why the service's policy is not understood here, so that only systemd holds images against it. */
  readonly policyProblem: string | undefined;
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
 * @throws NodeError ('configuration', 'io').
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
  const trust = await configuredTrust(host, isTrustedBoot, configuration);
  return {
    configuration,
    boot,
    isTrustedBoot,
    trust,
    ...readPolicy(configuration.imagePolicy, service.imagePolicy),
    releaseHost: readReleaseHost(host, systemdVersion),
    systemdVersion,
    service,
  };
}

/** As `machineTrust`; for a certificate that cannot be read, with the remedy of a node. */
async function configuredTrust(
  host: Host,
  isTrustedBoot: boolean,
  configuration: Configuration,
): Promise<MachineTrust> {
  try {
    return await machineTrust(trustPlaces(host), { isTrustedBoot, ...configuration });
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new NodeError('configuration', `certificates: ${cause.message}`, {
      cause,
      hint: 'put the certificate there, or correct certificates in the configuration (docs/configuration.md)',
    });
  }
}

/** The service's may be written for a newer systemd; that of the configuration was checked when it was read. */
function readPolicy(
  configured: string | undefined,
  service: string | undefined,
): Pick<MachineRules, 'policy' | 'policyProblem'> {
  if (configured !== undefined) return { policy: parseImagePolicy(configured), policyProblem: undefined };
  if (service === undefined) return { policy: undefined, policyProblem: undefined };
  try {
    return { policy: parseImagePolicy(service), policyProblem: undefined };
  } catch (error) {
    if (!(error instanceof ImagePolicyError)) throw error;
    return { policy: undefined, policyProblem: error.message };
  }
}

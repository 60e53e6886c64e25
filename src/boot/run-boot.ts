import { join } from 'node:path';
import { displayName } from '../base/display.ts';
import { CONFEXT, type ExtensionKind, SYSEXT } from '../image/extension/kind.ts';
import type { Configuration } from '../node/config/configuration.ts';
import { NodeError } from '../node/error.ts';
import type { Host } from '../node/host/host.ts';
import { efivarsDirectory, readBootEvidence } from '../node/machine/boot-evidence.ts';
import {
  BOOT_REPORT_DIRECTORY,
  BOOT_REPORT_NAME,
  BOOT_REPORT_VERSION,
  type BootReport,
} from '../node/machine/boot-report.ts';
import { type Boot, bootOf, loadedProfiles } from '../node/machine/boot-state.ts';
import { readTrustedBoot } from '../node/machine/read-boot.ts';
import { readReleaseHost } from '../node/machine/release-host.ts';
import { readServiceSettings } from '../node/machine/service-settings.ts';
import { installedSystemdVersion } from '../node/machine/systemd-version.ts';
import type { MachineTrust, TrustPlaces } from '../node/machine-trust.ts';
import { mergedHierarchies } from '../node/refresh-settings.ts';
import { readStore } from '../node/store/store-contents.ts';
import { openStores } from '../trust/stores/open-stores.ts';
import { VERITY_DIRECTORIES } from '../trust/stores/verity-directories.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import { kernelArguments } from './kernel-arguments.ts';
import { loadExtensions } from './load-extensions.ts';
import { BootLog, type LogListener } from './log.ts';
import { migrate } from './migrate.ts';
import { mountPersistent } from './persistent-partition.ts';
import { type BootPlaces, SYSROOT } from './places.ts';
import { readBootConfiguration, readBootPolicy, readBootTrust } from './read-rules.ts';
import { failsOnUnknownSigner, systemdKeys } from './systemd-signatures.ts';
import { DEFAULT_SECONDS, TimeLimit } from './time-limit.ts';
import { writeCertificates } from './write-certificates.ts';
import { writeSentinels } from './write-sentinels.ts';
import { bootServiceSettings, policyOf, writeServiceSettings } from './write-service-settings.ts';

/** What came of the boot stage. */
export interface BootResult {
  readonly report: BootReport;
  /** Whether something is still going on that nobody waits for, so that the process does not end by itself. */
  readonly hasAbandoned: boolean;
}

/** How the boot stage is run. */
export interface BootOptions {
  /** Whether the log tells more, whatever the kernel command line says. */
  readonly debug?: boolean;
  /** Told of each line of the log. */
  readonly onLog?: LogListener;
}

/**
 * The boot stage: finds out what is booted and says so, gathers the firmware's certificates, and shows systemd the extensions
 * of this boot that are right. Whatever goes wrong is logged, and what does not depend on it goes on: it never throws.
 */
export async function runBoot(places: BootPlaces, options: BootOptions = {}): Promise<BootResult> {
  return new BootStage(places, options).run();
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

class BootStage {
  readonly #places: BootPlaces;
  readonly #initramfs: Host;
  readonly #log: BootLog;
  readonly #report: Writable<BootReport>;
  readonly #start = performance.now();
  #isDebug: boolean;
  #hasAbandoned = false;

  constructor(places: BootPlaces, { debug = false, onLog }: BootOptions) {
    this.#places = places;
    this.#initramfs = places.initramfs;
    this.#isDebug = debug;
    this.#log = new BootLog(places.initramfs, () => this.#isDebug, onLog);
    this.#report = {
      version: BOOT_REPORT_VERSION,
      time: places.initramfs.now().toISOString(),
      milliseconds: 0,
      boot: {
        state: 'unknown',
        reason: 'it was not found out',
        uki: false,
        inRam: false,
        trustedBoot: false,
        profiles: [],
      },
      disabledBy: null,
      systemd: null,
      signatures: { required: true, reason: 'it was not found out' },
      timeLimit: DEFAULT_SECONDS,
      certificates: [],
      migrated: [],
      extensions: [],
      problems: [],
    };
  }

  async run(): Promise<BootResult> {
    await this.#attempt('the boot stage', () => this.#run());
    this.#report.milliseconds = Math.round(performance.now() - this.#start);
    await this.#attempt('writing the report', () => this.#writeReport());
    this.#log.announceRest();
    return { report: this.#report, hasAbandoned: this.#hasAbandoned };
  }

  async #run(): Promise<void> {
    const { evidence } = this.#places;
    const { problems, ...found } = readBootEvidence(evidence);
    const { disabledBy, isDebug } = kernelArguments(found.commandLine);
    this.#isDebug ||= isDebug;
    this.#log.debug(`kernel command line: ${found.commandLine}`);
    for (const problem of problems) this.#problem(problem);
    const boot = bootOf(found);
    const { state, reason, isUki, isInRam } = boot;
    this.#report.boot = { state, reason, uki: isUki, inRam: isInRam, trustedBoot: isUki, profiles: [] };
    this.#log.info(`boot state: ${boot.state} (${boot.reason})`);
    await this.#attempt('the sentinels', () => writeSentinels(this.#initramfs, boot));
    if (disabledBy !== undefined) {
      this.#report.disabledBy = disabledBy;
      this.#report.signatures = { required: false, reason: 'extensions are turned off' };
      this.#log.announce(`extensions are turned off by ${disabledBy}`);
      return;
    }
    const ownRoot = this.#initramfs.root;
    const root = this.#places.systemRoot ?? (isUki ? ownRoot : join(ownRoot, SYSROOT));
    await this.#load(boot, this.#places.openRoot(root));
  }

  async #load(boot: Boot, system: Host): Promise<void> {
    const efivars = efivarsDirectory(this.#places.evidence);
    const problem = (text: string): void => this.#problem(text);
    const { isTrustedBoot } = await readTrustedBoot(this.#initramfs, boot, efivars);
    this.#report.boot = { ...this.#report.boot, trustedBoot: isTrustedBoot };
    const profiles = loadedProfiles(boot.state);
    // Before the configuration is read, which may be on the same partition.
    const needsPersistent = boot.state === 'recovery' || boot.state === 'autoreset';
    using mountLimit = new TimeLimit(DEFAULT_SECONDS / 2);
    if (needsPersistent) {
      await this.#attempt('the persistent partition', () => this.#mount(system, mountLimit));
      this.#hasAbandoned ||= mountLimit.hasAbandoned;
    }
    const configuration = await readBootConfiguration(system, problem);
    using limit = new TimeLimit(configuration.bootTimeout ?? DEFAULT_SECONDS);
    this.#report.timeLimit = limit.seconds;
    const trustPlaces: TrustPlaces = {
      root: system.root,
      verityDirectories: VERITY_DIRECTORIES.map((path) =>
        join(path.startsWith('/run/') ? this.#initramfs.root : system.root, path),
      ),
      efivars,
    };
    const trust = await readBootTrust(trustPlaces, isTrustedBoot, configuration, problem);
    this.#report.signatures = { required: trust.trusted !== undefined, reason: trust.reason };
    for (const { level, message } of trust.trusted?.findings ?? []) {
      if (level === 'note') this.#log.debug(message);
      else this.#problem(message);
    }
    await this.#attempt('the certificates', () => this.#writeCertificates(trust, limit));
    if (boot.isUki && (boot.state === 'active' || boot.state === 'passive')) {
      using half = new TimeLimit(limit.seconds / 2);
      await this.#attempt('the images on the EFI system partition', () => this.#migrate(system, half));
      this.#hasAbandoned ||= half.hasAbandoned;
    }
    if (profiles.length === 0) {
      this.#log.info(`a boot in the state ${boot.state} loads no extensions`);
      return;
    }
    const systemdVersion = installedSystemdVersion(system);
    this.#report.systemd = systemdVersion ?? null;
    this.#report.boot = { ...this.#report.boot, profiles: [...profiles] };
    for (const kind of [SYSEXT, CONFEXT]) {
      await this.#attempt(`the ${kind.name}s`, () =>
        this.#loadKind(kind, { system, configuration, trust, trustPlaces, limit, systemdVersion, profiles }),
      );
    }
    this.#hasAbandoned ||= limit.hasAbandoned;
  }

  async #loadKind(kind: ExtensionKind, situation: Situation): Promise<void> {
    const { system, configuration, trust, trustPlaces, limit, systemdVersion, profiles } = situation;
    const service = await readServiceSettings(asleep(system), kind);
    const requiresSignatures = trust.trusted !== undefined;
    const settings = bootServiceSettings(kind, {
      configuration,
      service,
      systemdVersion,
      requiresSignatures,
    });
    await this.#attempt(`the settings of systemd-${kind.name}`, () => {
      if (!writeServiceSettings(this.#initramfs, kind, service, settings)) return;
      this.#log.info(`systemd-${kind.name} merges with ${settings.args.join(' ')}`);
    });
    const wanted = configuration.imagePolicy ?? policyOf(settings, systemdVersion) ?? service.imagePolicy;
    const policy = readBootPolicy(wanted, this.#log);
    const looks = failsOnUnknownSigner({
      kind,
      version: systemdVersion,
      policy,
      environment: settings.environment,
    });
    const extensions = await loadExtensions({
      initramfs: this.#initramfs,
      system,
      kind,
      profiles,
      systemdVersion,
      hierarchies: mergedHierarchies(kind, { configuration, service }),
      rules: {
        trust,
        policy,
        releaseHost: readReleaseHost(system, systemdVersion),
        systemdKeys: looks ? () => keysOfSystemd(trust, trustPlaces) : undefined,
        now: this.#initramfs.now(),
      },
      limit,
      log: this.#log,
    });
    this.#report.extensions = [...this.#report.extensions, ...extensions];
    for (const { file, profile, outcome, reason, hint } of extensions) {
      const what = `${kind.name} ${file}`;
      const because = `${reason}${hint === null ? '' : ` (${hint})`}`;
      if (outcome === 'left-out') this.#log.announce(`${what} is left out: ${because}`);
      else if (reason !== null)
        this.#log.warning(`${what} is linked for the profile ${profile}, but ${because}`);
      else this.#log.info(`${what} is linked for the profile ${profile}`);
    }
  }

  async #mount(system: Host, limit: TimeLimit): Promise<void> {
    const isThere = [SYSEXT, CONFEXT].some((kind) => readStore(system, kind).images.length > 0);
    if (isThere) return;
    if (!this.#initramfs.isRunning) {
      this.#log.info('nothing is mounted under another root');
      return;
    }
    await mountPersistent(this.#initramfs, system, limit, this.#log);
  }

  #writeCertificates({ trusted }: MachineTrust, limit: TimeLimit): void {
    if (trusted === undefined) return;
    const { written, problems } = writeCertificates(this.#initramfs, trusted, limit);
    this.#report.certificates = [...written];
    for (const problem of problems) this.#problem(problem);
    this.#log.info(`${written.length} certificates are written for systemd`);
  }

  async #migrate(system: Host, limit: TimeLimit): Promise<void> {
    for (const { from, outcome, file, reason } of await migrate(system, limit)) {
      const shown = displayName(from);
      const image = file === undefined ? null : displayName(file);
      this.#report.migrated = [
        ...this.#report.migrated,
        { from: shown, outcome, file: image, reason: reason ?? null },
      ];
      if (outcome === 'left') this.#log.announce(`${shown} stays on the EFI system partition: ${reason}`);
      else this.#log.info(`${shown} is now ${image} in the store (${outcome})`);
    }
  }

  #writeReport(): void {
    using directory = this.#initramfs.openDirectory(BOOT_REPORT_DIRECTORY, { create: true });
    directory?.put(BOOT_REPORT_NAME, Buffer.from(`${JSON.stringify(this.#report, null, 2)}\n`));
  }

  /** Does a part of the boot stage; whatever it throws is logged, and the boot goes on. */
  async #attempt(what: string, part: () => void | Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      const isKnown = error instanceof Error && 'hint' in error;
      const message = error instanceof Error ? error.message : String(error);
      this.#problem(`${what}: ${isKnown ? '' : 'unexpected: '}${message}`);
      // For who looks for the fault: the log alone, and only when asked for.
      if (!isKnown && error instanceof Error) this.#log.debug(error.stack ?? '');
    }
  }

  #problem(text: string): void {
    this.#report.problems = [...this.#report.problems, text];
    this.#log.announce(text);
  }
}

interface Situation {
  readonly system: Host;
  readonly configuration: Configuration;
  readonly trust: MachineTrust;
  readonly trustPlaces: TrustPlaces;
  readonly limit: TimeLimit;
  readonly systemdVersion: number | undefined;
  readonly profiles: ReturnType<typeof loadedProfiles>;
}

/** A system whose systemd does not run yet, so that it is asked by its files. */
function asleep(system: Host): Host {
  return system.isRunning
    ? {
        ...system,
        isRunning: false,
        run: () => {
          throw new NodeError('unsupported', 'no program of the system is run before it is booted');
        },
      }
    : system;
}

/** The keys by which systemd will verify signatures in the booted system. */
async function keysOfSystemd({ trusted }: MachineTrust, places: TrustPlaces): Promise<TrustedKeys> {
  const written = new Set<string>(['PK', 'KEK', 'db', 'file', 'verity.d']);
  if (trusted !== undefined) return systemdKeys(trusted, (store) => written.has(store));
  const { verityDirectories, efivars } = places;
  const keys = await openStores({ verityDirectories, efivarsDirectory: efivars });
  return systemdKeys(keys, (store) => store === 'verity.d');
}

import { type BuildEvent, type BuildResult, buildExtension } from '../../build/build-extension.ts';
import { checkExtensionName } from '../../build/extension-name.ts';
import { checkReleaseFields, type ReleaseFields } from '../../build/extension-release.ts';
import { ARCHITECTURES_BY_GO_NAME, type GoArchitecture } from '../../image/architecture.ts';
import { kindNamed } from '../../image/extension/kind.ts';
import { SECTOR_SIZE } from '../../image/gpt/layout.ts';
import type { Signer } from '../../image/signature/signer.ts';
import { openSource } from '../../source/open.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { Log, type Verbosity } from '../log.ts';
import { readPassphrase } from '../passphrase.ts';
import { Progress } from '../progress.ts';
import { packageVersion } from '../version.ts';
import {
  type CompressionFlags,
  parseCompression,
  parseLayers,
  parseSeed,
  parseSourceDateEpoch,
} from './values.ts';

/** The flags of `auroraboot sysext` and `confext` as commander gives them. */
export interface ExtensionFlags extends CompressionFlags {
  readonly privateKey?: string;
  readonly certificate?: string;
  readonly passphraseFile?: string;
  readonly output: string;
  readonly arch: GoArchitecture;
  readonly layers: string;
  readonly withOpt?: boolean;
  readonly serviceReload?: boolean;
  readonly serviceLoad?: boolean;
  readonly id?: string;
  readonly versionId?: string;
  readonly sysextLevel?: string;
  readonly confextLevel?: string;
  readonly scope?: string;
  readonly seed?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Builds an extension as the flags say, with the log lines and the progress a person expects. */
export async function buildFromFlags(
  kindName: 'sysext' | 'confext',
  name: string,
  sourceText: string,
  flags: ExtensionFlags,
  { terminal, signal, environment }: Invocation,
): Promise<void> {
  const kind = kindNamed(kindName);
  const release: ReleaseFields = {
    id: flags.id,
    versionId: flags.versionId,
    level: flags.sysextLevel ?? flags.confextLevel,
    scope: flags.scope,
    reloadManager: flags.serviceReload === true || flags.serviceLoad === true,
  };
  // What is wrong on the command line is said before a passphrase is asked for or the network is touched.
  checkExtensionName(name, kind);
  checkReleaseFields(release);
  const layers = parseLayers(flags.layers);
  const seed = parseSeed(flags.seed, kind);
  const compression = parseCompression(flags);
  const sourceDateEpoch = parseSourceDateEpoch(environment.SOURCE_DATE_EPOCH);

  const log = new Log(terminal, verbosityOf(flags));
  const progress = new Progress(terminal, flags.quiet === true);
  log.beforeLine = () => progress.clear();
  log.info(`Starting auroraboot version ${packageVersion()}`);
  log.info(`🚀 Start ${kind.name} creation`);

  const signer = await loadSignerFromFlags(flags, environment, terminal, signal, log);
  log.info('💿 Getting image info');
  const source = await openSource(sourceText, { architecture: flags.arch, signal, environment });
  try {
    log.debug('source opened', { source: source.description, layers: source.layers.length });
    const result = await buildExtension(source, {
      kind,
      name,
      architecture: ARCHITECTURES_BY_GO_NAME[flags.arch],
      withOpt: flags.withOpt === true,
      layers,
      release,
      seed,
      sourceDateEpoch,
      compression,
      signer,
      outputDirectory: flags.output,
      signal,
      onEvent: (event) => showEvent(event, kind.name, log, progress),
    });
    progress.clear();
    reportFindings(result, log);
    log.info(`🎉 Done ${kind.name} creation`, { output: result.path });
    terminal.stdout.write(
      flags.json === true
        ? `${JSON.stringify(asData(name, kind.name, result), null, 2)}\n`
        : `${result.path}\n`,
    );
  } finally {
    progress.clear();
    await source.close();
  }
}

function verbosityOf(flags: ExtensionFlags): Verbosity {
  if (flags.debug === true) return 'debug';
  return flags.quiet === true ? 'quiet' : 'normal';
}

async function loadSignerFromFlags(
  flags: ExtensionFlags,
  environment: NodeJS.ProcessEnv,
  terminal: Invocation['terminal'],
  signal: AbortSignal,
  log: Log,
): Promise<Signer | undefined> {
  const { privateKey, certificate } = flags;
  if (privateKey === undefined && certificate === undefined) return undefined;
  if (privateKey === undefined || certificate === undefined) {
    const [given, missing] =
      privateKey === undefined ? ['--certificate', '--private-key'] : ['--private-key', '--certificate'];
    throw new UsageError(`${given} is given without ${missing}`, 'give both to sign the image, or neither');
  }
  const { loadSigner } = await import('../../trust/signing-key.ts');
  const { signer, warnings } = await loadSigner({
    keyFile: privateKey,
    certificateFile: certificate,
    passphrase: () =>
      readPassphrase({
        prompt: `Passphrase of ${privateKey}: `,
        file: flags.passphraseFile,
        environmentValue: environment.AURORABOOT_PASSPHRASE,
        terminal,
        signal,
      }),
  });
  for (const { message, hint } of warnings) log.warning(`${message}; ${hint}`);
  return signer;
}

function showEvent(event: BuildEvent, kind: string, log: Log, progress: Progress): void {
  switch (event.type) {
    case 'reading':
      log.info('📤 Extracting archives from image layer');
      progress.start('📤 Extracting', event.total);
      break;
    case 'progress':
      progress.add(event.bytes);
      break;
    case 'packing':
      progress.clear();
      log.info(`📦 Packing ${kind} into raw image`);
      break;
  }
}

function reportFindings(result: BuildResult, log: Log): void {
  for (const { level, message, subjects } of result.findings) {
    if (level === 'warning') log.warning(message);
    else log.info(message);
    for (const subject of subjects) log.debug(`  ${subject}`);
  }
}

/** The result as `--json` prints it. */
function asData(name: string, kind: string, { path, image, inodes, findings }: BuildResult): object {
  const { rootHash, fileSize, diskGuid, certificateFingerprint, partitions } = image;
  return {
    name,
    class: kind,
    output: path,
    fileSize,
    rootHash,
    signed: certificateFingerprint !== undefined,
    ...(certificateFingerprint === undefined ? {} : { certificateFingerprint }),
    diskUuid: diskGuid,
    partitions: partitions.map(({ designator, typeGuid, guid, label, firstLba, lastLba, attributes }) => ({
      designator,
      typeUuid: typeGuid,
      uuid: guid,
      label,
      offset: firstLba * SECTOR_SIZE,
      size: (lastLba - firstLba + 1) * SECTOR_SIZE,
      flags: `0x${attributes.toString(16)}`,
    })),
    inodes,
    findings,
  };
}

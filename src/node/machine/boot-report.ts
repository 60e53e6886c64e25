import * as v from 'valibot';
import type { ByteString } from '../../base/byte-string.ts';
import { NodeError } from '../error.ts';
import type { Host } from '../host/host.ts';

/** Where the boot stage says what it did. */
export const BOOT_REPORT_DIRECTORY: ByteString = '/run/immucore';
/** As data: a {@link BootReport}. */
export const BOOT_REPORT_NAME: ByteString = 'extensions.json';
/** The version of the form. What is added does not change it; what means something else, or goes, does. */
export const BOOT_REPORT_VERSION = 1;
const REPORT_MAX = 8 * 1024 * 1024;

const text = v.nullable(v.string());

const EXTENSION = v.object({
  class: v.picklist(['sysext', 'confext']),
  /** The extension's name, as text for display, like all that follows. */
  name: v.string(),
  /** The name in the profile. */
  file: v.string(),
  /** The image in the store, where it is called differently. */
  image: v.string(),
  profile: v.picklist(['active', 'passive', 'recovery', 'common']),
  /** Whether systemd is shown it. */
  outcome: v.picklist(['linked', 'left-out']),
  /** The link in /run that shows it; null where it was left out. */
  link: text,
  /** Every byte; all but the data that nothing else reads; or nothing, where there was no time. */
  verified: v.picklist(['full', 'quick', 'no']),
  /** Why it was left out, or what is to be known of it: a stable code, and sentences without the final full stop. */
  code: text,
  reason: text,
  hint: text,
  /** The holder of the key. Proven only where signatures are required. */
  signedBy: text,
  /** Lower-case hexadecimal. */
  rootHash: text,
  /** That verifying took. */
  milliseconds: v.number(),
});

const REPORT = v.object({
  version: v.literal(BOOT_REPORT_VERSION),
  /** ISO 8601, by a clock that may not have been set yet. */
  time: v.string(),
  /** That the boot stage took. */
  milliseconds: v.number(),
  boot: v.object({
    state: v.string(),
    reason: v.string(),
    uki: v.boolean(),
    inRam: v.boolean(),
    trustedBoot: v.boolean(),
    /** Those that were loaded. */
    profiles: v.array(v.string()),
  }),
  /** The kernel argument that turned extensions off; null where none did. */
  disabledBy: text,
  /** The version of systemd in the system that is booted; null where nobody knows. */
  systemd: v.nullable(v.number()),
  signatures: v.object({ required: v.boolean(), reason: v.string() }),
  /** Seconds. */
  timeLimit: v.number(),
  /** What was written to /run/verity.d. */
  certificates: v.array(v.object({ file: v.string(), subject: v.string(), fingerprint: v.string() })),
  /** What was found beside the unified kernel images, and what became of it. */
  migrated: v.array(
    v.object({
      from: v.string(),
      outcome: v.picklist(['moved', 'shared', 'kept-apart', 'left']),
      /** The image in the store; null where it was left. */
      file: text,
      reason: text,
    }),
  ),
  extensions: v.array(EXTENSION),
  /** What else went wrong: sentences without the final full stop. */
  problems: v.array(v.string()),
});

/** What the boot stage did. */
export type BootReport = v.InferOutput<typeof REPORT>;
/** What became of an extension that this boot should load. */
export type BootedExtension = v.InferOutput<typeof EXTENSION>;

/** What the boot stage did; undefined where there was none, or where what it said cannot be understood. */
export function readBootReport(host: Host): BootReport | undefined {
  try {
    const bytes = host.readFile(`${BOOT_REPORT_DIRECTORY}/${BOOT_REPORT_NAME}`, REPORT_MAX);
    if (bytes === undefined) return undefined;
    const result = v.safeParse(REPORT, JSON.parse(Buffer.from(bytes).toString('utf8')));
    return result.success ? result.output : undefined;
  } catch (error) {
    if (error instanceof NodeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

import type { ExtensionKind } from '../image/extension/kind.ts';
import { FLAG } from '../image/policy/flags.ts';
import { defaultPolicy, effectiveFlags, type ImagePolicy } from '../image/policy/policy.ts';
import { SINCE } from '../node/machine/systemd-version.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';

/** How systemd looks at images. */
export interface SystemdRules {
  readonly kind: ExtensionKind;
  /** Undefined where nobody knows: then the newest. */
  readonly version: number | undefined;
  /** The image policy that it is given; undefined for its own. */
  readonly policy: ImagePolicy | undefined;
  /** Of its service. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Whether systemd fails as a whole over an image whose signature it cannot verify: before 259 wherever it looks at signatures,
 * from then on where the policy takes nothing but signed images (`verity_partition`, `do_crypt_activate_verity` in
 * src/shared/dissect-image.c).
 */
export function failsOnUnknownSigner({ kind, version, policy, environment }: SystemdRules): boolean {
  if (/^(?:0|no|n|false|f|off)$/i.test(environment.SYSTEMD_DISSECT_VERITY_SIGNATURE ?? '')) return false;
  // What knows no policies looks at every signature.
  if (version !== undefined && version < SINCE.imagePolicy) return true;
  const effective = policy ?? defaultPolicy(kind.name);
  return (['root', 'usr'] as const).some((designator) => {
    const flags = effectiveFlags(effective, designator);
    if ((flags & FLAG.signed) === 0) return false;
    return (version !== undefined && version < SINCE.signatureOptional) || (flags & FLAG.verity) === 0;
  });
}

/**
 * The keys by which systemd and the kernel verify signatures: certificates of verity.d for themselves, those of db also for whom
 * they issued one to. PK and KEK are unknown to the kernel; they count where they were written to verity.d.
 *
 * @param keys Of them those of `isInVerity` are in verity.d when systemd looks.
 */
export function systemdKeys(keys: TrustedKeys, isInVerity: (store: string) => boolean): TrustedKeys {
  const exact = keys.certificates
    .filter(({ store }) => isInVerity(store))
    .map((certificate) => ({ ...certificate, isAnchor: false }));
  return { ...keys, certificates: [...exact, ...keys.certificates.filter(({ store }) => store === 'db')] };
}

/**
 * The library behind the programs `auroraboot` and `kairos-agent`: managing the extensions of a node, and verifying images.
 *
 * ```ts
 * import { downloadExtension, enableExtension, nodeHost, SYSEXT } from 'kairos-sysext';
 *
 * const host = nodeHost({ environment: process.env });
 * await downloadExtension(host, { kind: SYSEXT, uri: 'https://example.org/extensions/k3sv1.32.1.raw', force: false });
 * await enableExtension(host, { kind: SYSEXT, name: 'k3s', profile: 'active', now: true, dryRun: false });
 * ```
 *
 * Names of files and extensions that go in and come out are byte strings ({@link utf8ByteString} makes one of a text,
 * {@link displayName} a text of one), since on Linux they need not be text. Errors are {@link CodedError}s: `code` says what
 * happened, `hint` what can be done.
 */
export { type ByteString, utf8ByteString } from './base/byte-string.ts';
export { displayName } from './base/display.ts';
export { CodedError } from './base/error.ts';
export type { Finding } from './base/finding.ts';
export type { ByteSource } from './image/byte-source.ts';
export { CONFEXT, type ExtensionKind, SYSEXT } from './image/extension/kind.ts';
export type { ImageFinding } from './image/image-finding.ts';
export { NodeError, type NodeErrorCode } from './node/error.ts';
export type { Host } from './node/host/host.ts';
export { type NodeHostOptions, nodeHost } from './node/host/node-host.ts';
export {
  type ChangeRequest,
  type ChangeResult,
  disableExtension,
  enableExtension,
  type ProfileChangeRequest,
  removeExtension,
} from './node/lifecycle/change-extension.ts';
export {
  type DownloadRequest,
  type DownloadResult,
  downloadExtension,
} from './node/lifecycle/download-extension.ts';
export {
  type ExtensionStatus,
  type MachineStatus,
  readStatus,
} from './node/lifecycle/extension-status.ts';
export { type ListedExtension, listExtensions } from './node/lifecycle/list-extensions.ts';
export type { Plan, Step } from './node/lifecycle/plan.ts';
export {
  type VerifiedExtension,
  type VerifyExtensionsRequest,
  verifyExtensions,
} from './node/lifecycle/verify-extensions.ts';
export { RefusedImageError } from './node/lifecycle/verify-stored.ts';
export type { Profile } from './node/store/layout.ts';
export type { Verdict } from './trust/verdict.ts';
export { type VerifyOptions, verifyImage } from './trust/verify-image.ts';

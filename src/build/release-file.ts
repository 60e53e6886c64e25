import { type ByteString, byteString, bytesOf, utf8ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { releaseFileName } from '../image/extension/name.ts';
import { formatRelease, parseRelease, RELEASE_FILE_MAX } from '../image/extension/release.ts';
import { defaultRelease, type ReleaseFields, releaseProblem, withFields } from './extension-release.ts';
import type { FindingCollector } from './findings.ts';
import type { FileInterceptor } from './layer-reader.ts';

/**
 * The extension-release file of the extension being built. One that a layer brings for NAME is kept if systemd
 * could accept it; fields given on the command line are set in it.
 */
export class ReleaseFile implements FileInterceptor {
  readonly path: ByteString;
  readonly sizeMax = RELEASE_FILE_MAX;
  readonly #kind: ExtensionKind;
  readonly #architecture: string;
  readonly #fields: ReleaseFields;
  readonly #findings: FindingCollector;

  constructor(
    options: {
      readonly kind: ExtensionKind;
      readonly name: string;
      readonly architecture: string;
      readonly release: ReleaseFields;
    },
    findings: FindingCollector,
  ) {
    this.path = utf8ByteString(`${options.kind.releaseDirectory}/${releaseFileName(options.name)}`);
    this.#kind = options.kind;
    this.#architecture = options.architecture;
    this.#fields = options.release;
    this.#findings = findings;
  }

  /** The content for a layer that brings no such file. */
  get content(): Uint8Array {
    return bytesOf(formatRelease(defaultRelease(this.#kind, this.#architecture, this.#fields)));
  }

  /** The content that takes the place of a layer's own file. */
  replace(bytes: Uint8Array): Uint8Array {
    const own = parseRelease(byteString(bytes));
    const problem = releaseProblem(own, this.#kind, this.#architecture);
    if (own === undefined || problem !== undefined) {
      this.reportReplaced(problem ?? 'it cannot be read');
      return this.content;
    }
    const changed = Object.values(this.#fields).some((value) => value !== undefined && value !== false);
    const message = changed
      ? "the layer's own extension-release file was kept, with the fields from the command line set in it"
      : "the layer's own extension-release file was kept";
    this.#findings.add({ code: 'release-kept', level: 'note', message, subjects: [displayName(this.path)] });
    return changed ? bytesOf(formatRelease(withFields(own, this.#kind, this.#fields))) : bytes;
  }

  /** Notes that what the layer has in this place was replaced by a file of ours, and why. */
  reportReplaced(reason: string): void {
    this.#findings.add({
      code: 'release-replaced',
      level: 'warning',
      message: `the layer's own extension-release file was replaced: ${reason}`,
      subjects: [displayName(this.path)],
    });
  }
}

/** A reference to content by its digest (OCI image specification, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits. */
  readonly digest: string;
  /** Bytes, 0 to 2^53 − 1. */
  readonly size: number;
}

/** The machine an image is for, in Go's terms. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

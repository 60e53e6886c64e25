import type { HashOffer } from '../platform/hash-offer.ts';
import type { Entry } from './entry.ts';

/** How a layer is read. */
export interface ReadOptions {
  /** Ends the reading; what was opened is closed. */
  readonly signal?: AbortSignal;
  /** Told of bytes taken from the network or the disk, compressed if they are: the measure of progress. */
  readonly onBytes?: (count: number) => void;
  /** What a thread for the layer may help with while it would only wait. */
  readonly spareWork?: HashOffer;
}

/** One layer of a container image, or a whole directory or archive taken as one. */
export interface Layer {
  /** For messages, such as `layer sha256:0a1b…` or `directory ./k3s`. */
  readonly description: string;
  /** Bytes that reading it takes from the network or disk, for progress; undefined where it is not known before. */
  readonly size: number | undefined;
  /**
   * The entries in the order of the source. Every digest the source promises is checked while reading; the
   * iteration throws a SourceError at the end if one does not hold, so nothing may be kept before it ended.
   */
  entries(options: ReadOptions): AsyncIterable<Entry>;
  /** The layer as one file, where it is no archive: of an artifact, such as ORAS pushes. */
  readonly file?: LayerFile;
}

/** A layer that is a file as it is. */
export interface LayerFile {
  /** The name that the artifact gives it; undefined where it gives none. */
  readonly title: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Its bytes, whose size and digest are checked at the end as those of {@link Layer.entries}. */
  open(options: ReadOptions): AsyncIterable<Uint8Array>;
}

/** A container image, archive or directory, opened. */
export interface Source {
  /** For messages, such as `docker://registry.example/app:1` . */
  readonly description: string;
  /** Lowest first. Never empty. */
  readonly layers: readonly Layer[];
  /** What the image says it is made for, in Go's terms (`amd64`); undefined for a directory or a bare archive. */
  readonly architecture: string | undefined;
  /** What could not be read as it should, one sentence each without the final full stop; for the person. */
  readonly warnings: readonly string[];
  /** Frees connections and temporary files. */
  close(): Promise<void>;
}

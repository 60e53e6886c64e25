import type { Finding as AnyFinding } from '../base/finding.ts';

/** Something a person should know about an extension that was built all the same. */
export interface Finding extends AnyFinding<FindingCode> {
  readonly level: 'note' | 'warning';
}

type FindingCode =
  /** Entries that belong to no hierarchy of this class of extension were left out. */
  | 'outside-hierarchies'
  /** Whiteouts acted within the layers taken; the host's own files stay. */
  | 'whiteouts-dropped'
  /** Directories that the host has too got the mode and owner the host has. */
  | 'shared-directory'
  /** A file or link stands where hosts usually have a directory, and would hide it. */
  | 'hides-directory'
  /** Files belong to users or groups that are people's on most hosts. */
  | 'foreign-owner'
  /** Extended attributes that EROFS cannot hold were left out. */
  | 'attribute-dropped'
  /** The layer's own extension-release file was kept, or had to be replaced. */
  | 'release-kept'
  | 'release-replaced'
  /** The source could not be read completely. */
  | 'source'
  /** No key was given: verity without signature. */
  | 'unsigned';

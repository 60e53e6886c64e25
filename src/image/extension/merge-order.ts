import { compareVersions } from './version-compare.ts';

/** The order in which systemd layers extensions. */
export interface MergeOrder {
  /** Ascending: where several have the same file, the last one's is seen. */
  readonly order: readonly string[];
  /**
   * Groups of different names that compare equal. systemd's order among them is undefined; here they stand in the
   * order of their bytes.
   */
  readonly ties: readonly (readonly string[])[];
}

/** The merge order of extensions with these names, which are those of {@link extensionNameOf}, not of files. */
export function mergeOrder(names: readonly string[]): MergeOrder {
  // By their bytes first: what compares equal stays so, and where systemd's comparison goes round in a circle, as with
  // `~¸`, `~` and `~-`, the order does not depend on that of `names`.
  const order = names.toSorted().toSorted(compareVersions);
  const ties: string[][] = [];
  let group: string[] = [];
  for (const name of order) {
    if (group.length > 0 && compareVersions(group.at(-1)!, name) !== 0) group = [];
    if (name === group.at(-1)) continue;
    group.push(name);
    if (group.length === 2) ties.push(group);
  }
  return { order, ties };
}

/** What differs between the two classes of extension images (systemd-sysext(8), systemd-confext(8)). */
export interface ExtensionKind {
  /** The word systemd and the command line use. */
  readonly name: 'sysext' | 'confext';
  /** File name suffix, which systemd ≥ 255 strips to get the extension's name. */
  readonly suffix: '.sysext.raw' | '.confext.raw';
  /** Top directories an image of this class extends. */
  readonly hierarchies: readonly string[];
  /** Top directories that systemd merges from an image of this class, wanted or not (src/sysext/sysext.c). */
  readonly mergedHierarchies: readonly string[];
  /** Directory of the extension-release file, from the root of the image. */
  readonly releaseDirectory: string;
  /** Field of the extension-release file that pairs with the host's own level. */
  readonly levelField: 'SYSEXT_LEVEL' | 'CONFEXT_LEVEL';
  /** Field that says where it may be used. */
  readonly scopeField: 'SYSEXT_SCOPE' | 'CONFEXT_SCOPE';
}

export const SYSEXT: ExtensionKind = {
  name: 'sysext',
  suffix: '.sysext.raw',
  hierarchies: ['usr'],
  mergedHierarchies: ['usr', 'opt'],
  releaseDirectory: 'usr/lib/extension-release.d',
  levelField: 'SYSEXT_LEVEL',
  scopeField: 'SYSEXT_SCOPE',
};

export const CONFEXT: ExtensionKind = {
  name: 'confext',
  suffix: '.confext.raw',
  hierarchies: ['etc'],
  mergedHierarchies: ['etc'],
  releaseDirectory: 'etc/extension-release.d',
  levelField: 'CONFEXT_LEVEL',
  scopeField: 'CONFEXT_SCOPE',
};

/** The class that the word of the command line means. */
export function kindNamed(name: ExtensionKind['name']): ExtensionKind {
  return name === SYSEXT.name ? SYSEXT : CONFEXT;
}

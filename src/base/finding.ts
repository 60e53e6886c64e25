/**
 * Something a person should know about an image, as data: the command line renders it, `--json` prints it as it is.
 * Each room has its own closed set of codes; a code is stable and may be matched by scripts.
 */
export interface Finding<Code extends string = string> {
  readonly code: Code;
  /** `error`: the image is refused for it; `warning`: it does harm somewhere; `note`: good to know. */
  readonly level: 'note' | 'warning' | 'error';
  /** One sentence without the final full stop. */
  readonly message: string;
  /** What can be done about it: one sentence without the final full stop. */
  readonly hint?: string;
  /** Paths concerned, the first {@link SUBJECTS_MAX} of them, as text for display. */
  readonly subjects: readonly string[];
}

/** How many paths a finding names. */
export const SUBJECTS_MAX = 20;

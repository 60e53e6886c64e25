import type { Guid } from '../../image/guid.ts';

/** The vendor GUID of the variables that the specification itself defines: UEFI 2.10, section 3.3. */
export const EFI_GLOBAL_VARIABLE: Guid = '8be4df61-93ca-11d2-aa0d-00e098032b8c';

/** The vendor GUIDs of the variables that hold Secure Boot's keys: UEFI 2.10, sections 3.3 and 32.6.1. */
export const KEY_VARIABLE_VENDORS = {
  PK: EFI_GLOBAL_VARIABLE,
  KEK: EFI_GLOBAL_VARIABLE,
  /** EFI_IMAGE_SECURITY_DATABASE_GUID. */
  db: 'd719b2cb-3d3a-4596-a3bc-dad00e67656f',
  dbx: 'd719b2cb-3d3a-4596-a3bc-dad00e67656f',
} as const satisfies Record<string, Guid>;

/** A variable that holds Secure Boot's keys: platform key, key exchange keys, what may run, what may not. */
export type KeyVariable = keyof typeof KEY_VARIABLE_VENDORS;

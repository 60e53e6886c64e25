import { GUID_SIZE, type Guid, guidText } from '../guid.ts';
import { ENTRY, ENTRY_SIZE, NAME_LENGTH } from './layout.ts';
import type { PartitionTableCode, TableEntry } from './partition-table.ts';
import type { TableCopy } from './read-table-copy.ts';

/** An entry, which readers skip unless it is within the range for partitions. Offset and size are 0 if it is not. */
interface FoundEntry extends TableEntry {
  readonly inRange: boolean;
}

const UNUSED: Guid = '00000000-0000-0000-0000-000000000000';

/** The entries that are in use, in the order of their numbers. */
export function readEntries(table: TableCopy, sectorSize: number): FoundEntry[] {
  const found: FoundEntry[] = [];
  for (let index = 0; index < table.entryCount; index++) {
    const bytes = table.entries.subarray(index * ENTRY_SIZE, (index + 1) * ENTRY_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_SIZE);
    const guid = (start: number): Guid => guidText(bytes.subarray(start, start + GUID_SIZE));
    const typeGuid = guid(ENTRY.typeGuid);
    if (typeGuid === UNUSED) continue;
    const first = view.getBigUint64(ENTRY.firstLba, true);
    const last = view.getBigUint64(ENTRY.lastLba, true);
    const inRange = first >= table.firstUsableLba && first <= last && last <= table.lastUsableLba;
    found.push({
      number: index + 1,
      typeGuid,
      guid: guid(ENTRY.guid),
      offset: inRange ? Number(first) * sectorSize : 0,
      size: inRange ? Number(last - first + 1n) * sectorSize : 0,
      attributes: view.getBigUint64(ENTRY.attributes, true),
      label: readLabel(view),
      inRange,
    });
  }
  return found;
}

/** Partitions out of range or on top of each other, and GUIDs given twice. */
export function checkEntries(
  entries: readonly FoundEntry[],
  report: (code: PartitionTableCode, message: string) => void,
): void {
  for (const { number, inRange } of entries) {
    if (inRange) continue;
    report('partition-out-of-range', `partition ${number} is not within the sectors for partitions`);
  }
  const placed = entries.filter(({ inRange }) => inRange).sort((one, other) => one.offset - other.offset);
  let furthest = placed[0];
  for (const entry of placed.slice(1)) {
    if (entry.offset < furthest!.offset + furthest!.size) {
      report('partitions-overlap', `partitions ${furthest!.number} and ${entry.number} overlap`);
    }
    if (entry.offset + entry.size > furthest!.offset + furthest!.size) furthest = entry;
  }
  const numbers = new Map<Guid, number>();
  for (const { guid, number } of entries) {
    const earlier = numbers.get(guid);
    if (earlier === undefined) numbers.set(guid, number);
    else report('partition-guid-duplicate', `partitions ${earlier} and ${number} have the same GUID ${guid}`);
  }
}

function readLabel(view: DataView): string {
  let label = '';
  for (let index = 0; index < NAME_LENGTH; index++) {
    const unit = view.getUint16(ENTRY.name + 2 * index, true);
    if (unit === 0) break;
    label += String.fromCharCode(unit);
  }
  return label;
}

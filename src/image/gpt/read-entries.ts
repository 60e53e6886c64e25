import { GUID_SIZE, type Guid, guidText } from '../guid.ts';
import { ENTRY, ENTRY_SIZE, NAME_LENGTH } from './layout.ts';
import type { PartitionTableCode, TableEntry } from './partition-table.ts';
import type { TableCopy } from './read-table-copy.ts';

/** Takes what is wrong with a table. */
export type ReportTable = (code: PartitionTableCode, message: string) => void;

/**
 * The entries that are in use, in the order of their numbers. Those that are not within the sectors for partitions are
 * reported and skipped, as all readers skip them.
 */
export function readEntries(table: TableCopy, sectorSize: number, report: ReportTable): TableEntry[] {
  const found: TableEntry[] = [];
  for (let index = 0; index < table.entryCount; index++) {
    const bytes = table.entries.subarray(index * ENTRY_SIZE, (index + 1) * ENTRY_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_SIZE);
    const guid = (start: number): Guid => guidText(bytes.subarray(start, start + GUID_SIZE));
    if (bytes.subarray(ENTRY.typeGuid, ENTRY.typeGuid + GUID_SIZE).every((byte) => byte === 0)) continue;
    const first = view.getBigUint64(ENTRY.firstLba, true);
    const last = view.getBigUint64(ENTRY.lastLba, true);
    if (first < table.firstUsableLba || last < first || last > table.lastUsableLba) {
      report('partition-out-of-range', `partition ${index + 1} is not within the sectors for partitions`);
      continue;
    }
    found.push({
      number: index + 1,
      typeGuid: guid(ENTRY.typeGuid),
      guid: guid(ENTRY.guid),
      offset: Number(first) * sectorSize,
      size: Number(last - first + 1n) * sectorSize,
      attributes: view.getBigUint64(ENTRY.attributes, true),
      label: readLabel(view),
    });
  }
  return found;
}

/** Reports partitions on top of each other, and GUIDs given twice. */
export function checkEntries(entries: readonly TableEntry[], report: ReportTable): void {
  const [first, ...others] = entries.toSorted((one, other) => one.offset - other.offset);
  let furthest = first;
  for (const entry of others) {
    const end = furthest!.offset + furthest!.size;
    if (entry.offset < end) {
      report('partitions-overlap', `partitions ${furthest!.number} and ${entry.number} overlap`);
    }
    if (entry.offset + entry.size > end) furthest = entry;
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

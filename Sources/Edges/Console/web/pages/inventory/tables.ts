// What each section of the inventory shows in a row.
import { ComponentType } from "react";
import { Column } from "../../kit/DataTable";
import { SectionName } from "../../live/sections";
import { RowProps } from "./cells";
import { DiskRow } from "./DiskRow";
import { MachineRow } from "./MachineRow";
import { SortKey } from "./order";
import { StorageRow } from "./StorageRow";

type ColumnKey = SortKey | "spark";
interface Table { columns: readonly Column<ColumnKey>[]; Row: ComponentType<RowProps> }

const name: Column<ColumnKey> = { key: "name", head: "Name" };
const status: Column<ColumnKey> = { key: "status", head: "Status", width: "8.25rem" };
const seen: Column<ColumnKey> = { key: "seen", head: "Seen", width: "5rem", className: "col-lower", right: true, title: "Age of the newest reading" };

const machines: readonly Column<ColumnKey>[] = [
  name, status,
  { key: "cpu", head: "CPU", width: "7.5rem" },
  { key: "memory", head: "Memory", width: "7.5rem" },
  { key: "disk", head: "Disk", width: "7.5rem", title: "Root file system" },
  { key: "network", head: "Network, Mbit/s", width: "8.5rem", className: "col-low" },
  { key: "spark", head: "CPU, last hour", width: "7.25rem", className: "col-low" },
  { key: "uptime", head: "Uptime", width: "4.75rem", className: "col-low", right: true },
  seen,
];
const storages: readonly Column<ColumnKey>[] = [
  name, status,
  { key: "disk", head: "Used", width: "9rem" },
  { key: "size", head: "Of", width: "9rem", className: "col-low", right: true, title: "Used and whole size" },
  seen,
];
const disks: readonly Column<ColumnKey>[] = [
  name, status,
  { key: "life", head: "Life left", width: "6.5rem", right: true, title: "As the disk tells of its own wear" },
  { key: "temperature", head: "Temperature", width: "7.5rem", right: true },
  { key: "size", head: "Size", width: "6.5rem", className: "col-low", right: true },
  seen,
];

export const tables: Record<SectionName, Table> = {
  infrastructure: { columns: machines, Row: MachineRow },
  workloads: { columns: machines, Row: MachineRow },
  storage: { columns: storages, Row: StorageRow },
  disks: { columns: disks, Row: DiskRow },
};

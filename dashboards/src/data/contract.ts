// What stands in the page's data element; written by `inferbench dashboard`, docs/dashboard.md.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface TextColumn {
  dictionary: string[];
  codes: number[]; // -1: no text
}
export interface ValueColumn {
  values: (number | null | number[])[];
}
export interface RawTable {
  rows: number;
  of: number; // rows before some were left out
  columns: Record<string, TextColumn | ValueColumn>;
}
export interface RawRun {
  id: string;
  file: string;
  kind: string;
  method?: string;
  document: JsonObject;
  tables: Record<string, RawTable>;
  notes: string[];
}
export interface DashboardData {
  schema: { id: string; version: string };
  runs: RawRun[];
  left_out: { file: string; reason: string }[];
}

export const schemaId = 'inferbench.dashboard-data';
export const schemaMajor = 1;

// The page without data, as it is built.
export const noData: DashboardData = {
  schema: { id: schemaId, version: '1.0.0' },
  runs: [],
  left_out: [],
};

export class ContractError extends Error {}

// The data, or why this page cannot show it.
export function readData(text: string): DashboardData {
  if (/^\s*(@.*@)?\s*$/.test(text)) return noData; // the place is not filled
  let data: DashboardData;
  try {
    data = JSON.parse(text) as DashboardData;
  } catch {
    throw new ContractError('The data of this page is cut off or damaged.');
  }
  if (data.schema?.id !== schemaId) {
    throw new ContractError(`The data of this page is no ${schemaId}.`);
  }
  if (Number(data.schema.version.split('.')[0]) !== schemaMajor) {
    throw new ContractError(
      `The data of this page has version ${data.schema.version}; the page reads ${schemaMajor}.x.`,
    );
  }
  return data;
}

// One value of a document by its path; undefined when it is not there.
export function at(json: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let here: Json | undefined = json;
  for (const key of path) {
    if (here === null || typeof here !== 'object') return undefined;
    here = Array.isArray(here) ? here[Number(key)] : here[key];
  }
  return here;
}

export function numberAt(json: Json | undefined, ...path: (string | number)[]): number | undefined {
  const value = at(json, ...path);
  return typeof value === 'number' ? value : undefined;
}

export function textAt(json: Json | undefined, ...path: (string | number)[]): string | undefined {
  const value = at(json, ...path);
  return typeof value === 'string' ? value : undefined;
}

export function listAt(json: Json | undefined, ...path: (string | number)[]): Json[] {
  const value = at(json, ...path);
  return Array.isArray(value) ? value : [];
}

export function entriesAt(json: Json | undefined, ...path: (string | number)[]): [string, Json][] {
  const value = at(json, ...path);
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}

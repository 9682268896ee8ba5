// Answers of the API by the names that scripts use. `make lint` generates "api" from the OpenAPI document.

import type { components } from "api";

type Schemas = components["schemas"];

export type ApiKey = Schemas["NewApiKey"];
export type Catalog = Schemas["Catalog"];
export type ComparedRuns = Schemas["ComparedRuns"];
export type Dataset = Schemas["Dataset"];
export type DatasetPage = Schemas["DatasetPage"];
export type DryRun = Schemas["DryRun"];
export type DryUpload = Schemas["DryUpload"];
export type GradientFlow = Schemas["GradientFlow"];
export type HeatMap = Schemas["HeatMap"];
export type History = Schemas["History"];
export type HistorySeries = Schemas["HistorySeries"];
export type Preflight = Schemas["Preflight"];
export type Problem = Schemas["Problem"];
export type Run = Schemas["RunDetail"];
export type TaskFacts = Schemas["TaskFacts"];

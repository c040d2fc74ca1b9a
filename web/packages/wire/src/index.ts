export * from "./bytes";
export * from "./codec";
export * from "./components";
export * from "./document-hash";
export * from "./generated";
export * from "./hashes";
export * from "./presence";
export * from "./transcripts";
export { WireError, type Codec } from "./schema";

export { adjacencyOf, edgeBetween, endsOf, facesAt, isBoundary, sizeOf, type Adjacency } from "./adjacency";
export { canBeExtracted, extract } from "./extract";
export { boundaryLoop, edgeLoop, edgeRing, faceRing } from "./loops";
export { partIds, partsOf, type Parts } from "./parts";

import {
  ASSET_BYTES_MAX,
  ASSET_CORNERS_MAX,
  ASSET_FACE_CORNERS_MAX,
  ASSET_FACES_MAX,
  ASSETS_BYTES_MAX,
  COORDINATE_METRES_MAX,
  ENTITY_NAME_CHARACTERS_MAX,
  IMPORT_FILE_BYTES_MAX,
  PACKET_COMMANDS_MAX,
} from "@theta/wire";
import type { ImportLimits } from "./model";

/** More would make every page in the room slow to draw. */
const FILE_FACES_MAX = 250_000;

export const IMPORT_LIMITS: ImportLimits = {
  fileBytes: IMPORT_FILE_BYTES_MAX,
  faces: FILE_FACES_MAX,
  parts: PACKET_COMMANDS_MAX,
  assetBytes: ASSET_BYTES_MAX,
  assetFaces: ASSET_FACES_MAX,
  assetCorners: ASSET_CORNERS_MAX,
  faceCorners: ASSET_FACE_CORNERS_MAX,
  assetsBytes: ASSETS_BYTES_MAX,
  coordinateMetres: COORDINATE_METRES_MAX,
  nameCharacters: ENTITY_NAME_CHARACTERS_MAX,
};

// @colyseus/schema and bitECS on Node, over the loads of benches/_state_loads.py. Started by benches/_state_node.py.
//
//     node peers.mjs LOADS.json
//
// LOADS.json names the loads and their files. What is printed is JSON: for each load and peer the milliseconds of each
// tick, for writing and encoding and for encoding alone, and its bytes.

import { readFileSync } from "node:fs";

import { addComponent, addEntity, createWorld, query } from "bitecs";
import { createSoADeserializer, createSoASerializer } from "bitecs/serialization";
import { Decoder, Encoder, MapSchema, schema, StateView, t } from "@colyseus/schema";

Encoder.BUFFER_SIZE = 4 * 1024 * 1024;

const TRANSFORM = ["px", "py", "pz", "rx", "ry", "rz", "rw", "sx", "sy", "sz"];
const VELOCITY = ["lx", "ly", "lz", "ax", "ay", "az"];
const FLOATS = [...TRANSFORM, ...VELOCITY];

// One flat schema: fewer bytes and less time than a schema in a schema.
const Thing = schema(
  { ...Object.fromEntries(FLOATS.map((name) => [name, t.float32()])), number: t.biguint64() },
  "Thing",
);
const Everything = schema({ things: t.map(Thing) }, "Everything");
const Seen = schema({ things: t.map(Thing).view() }, "Seen");

function readLoad({ file, count, changed, ticks }) {
  const bytes = readFileSync(file);
  let at = 0;
  const take = (Kind, length) => {
    const size = Kind.BYTES_PER_ELEMENT * length;
    const found = new Kind(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + size));
    at += size;
    return found;
  };
  const values = (n) => ({
    transform: take(Float32Array, 10 * n),
    velocity: take(Float32Array, 6 * n),
    number: take(BigUint64Array, n),
  });
  const start = values(count);
  const written = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    written.push({ entities: take(Uint32Array, changed), ...values(changed) });
  }
  if (at !== bytes.length) throw new Error(`${file}: ${bytes.length - at} bytes too many`);
  return { start, written };
}

function assign(thing, values, row) {
  const { transform, velocity, number } = values;
  const a = 10 * row;
  const b = 6 * row;
  thing.px = transform[a];
  thing.py = transform[a + 1];
  thing.pz = transform[a + 2];
  thing.rx = transform[a + 3];
  thing.ry = transform[a + 4];
  thing.rz = transform[a + 5];
  thing.rw = transform[a + 6];
  thing.sx = transform[a + 7];
  thing.sy = transform[a + 8];
  thing.sz = transform[a + 9];
  thing.lx = velocity[b];
  thing.ly = velocity[b + 1];
  thing.lz = velocity[b + 2];
  thing.ax = velocity[b + 3];
  thing.ay = velocity[b + 4];
  thing.az = velocity[b + 5];
  thing.number = number[row];
}

function colyseus({ count }, { start, written }) {
  const state = new Everything();
  state.things = new MapSchema();
  const things = [];
  for (let row = 0; row < count; row += 1) {
    const thing = new Thing();
    assign(thing, start, row);
    state.things.set(String(row), thing);
    things.push(thing);
  }
  const encoder = new Encoder(state);
  const follower = new Decoder(new Everything());
  follower.decode(encoder.encodeAll().slice());
  encoder.discardChanges();
  const found = { whole: [], encode: [], bytes: [] };
  for (const tick of written) {
    const begin = performance.now();
    for (let row = 0; row < tick.entities.length; row += 1) assign(things[tick.entities[row]], tick, row);
    const assigned = performance.now();
    const sent = encoder.encode();
    encoder.discardChanges();
    const end = performance.now();
    found.whole.push(end - begin);
    found.encode.push(end - assigned);
    found.bytes.push(sent.length);
    follower.decode(sent.slice());
  }
  for (let row = 0; row < count; row += 1) {
    const theirs = follower.state.things.get(String(row));
    for (const name of [...FLOATS, "number"]) {
      if (theirs[name] !== things[row][name]) throw new Error(`@colyseus/schema: ${name} of ${row} differs`);
    }
  }
  return found;
}

function columns(count) {
  const lanes = (names) => Object.fromEntries(names.map((name) => [name, new Float32Array(count + 1)]));
  // There is no 64-bit integer among bitECS's types: two of 32.
  const Halves = { low: new Uint32Array(count + 1), high: new Uint32Array(count + 1) };
  return [lanes(TRANSFORM), lanes(VELOCITY), Halves];
}

function put([Transform, Velocity, Halves], entity, values, row) {
  for (let lane = 0; lane < 10; lane += 1) Transform[TRANSFORM[lane]][entity] = values.transform[10 * row + lane];
  for (let lane = 0; lane < 6; lane += 1) Velocity[VELOCITY[lane]][entity] = values.velocity[6 * row + lane];
  Halves.low[entity] = Number(values.number[row] & 0xffffffffn);
  Halves.high[entity] = Number(values.number[row] >> 32n);
}

// Ids begin at 1. With `diff` it compares all entities with their last values by itself; without, it is told which were
// written, and sends all of their fields.
function bitecs({ count }, { start, written }, diff) {
  const world = createWorld();
  const components = columns(count);
  const entities = [];
  for (let row = 0; row < count; row += 1) {
    const entity = addEntity(world);
    for (const component of components) addComponent(world, entity, component);
    put(components, entity, start, row);
    entities.push(entity);
  }
  const options = { diff, epsilon: 0, buffer: new ArrayBuffer(8 * 1024 * 1024) };
  const serialize = createSoASerializer(components, options);
  const mirror = columns(count);
  const deserialize = createSoADeserializer(mirror, { diff });
  deserialize(serialize(query(world, components)));
  const found = { whole: [], encode: [], bytes: [] };
  for (const tick of written) {
    const begin = performance.now();
    const touched = new Array(tick.entities.length);
    for (let row = 0; row < tick.entities.length; row += 1) {
      touched[row] = entities[tick.entities[row]];
      put(components, touched[row], tick, row);
    }
    const assigned = performance.now();
    const sent = serialize(diff ? query(world, components) : touched);
    const end = performance.now();
    found.whole.push(end - begin);
    found.encode.push(end - assigned);
    found.bytes.push(sent.byteLength);
    deserialize(sent);
  }
  components.forEach((component, at) => {
    for (const name of Object.keys(component)) {
      if (component[name].some((value, entity) => value !== mirror[at][name][entity])) {
        throw new Error(`bitECS: ${name} differs`);
      }
    }
  });
  return found;
}

// Who is told of what is given, and stays so: `views` lists the entities that each participant sees.
function colyseusViews({ count, views }, { start, written }) {
  const state = new Seen();
  state.things = new MapSchema();
  const things = [];
  for (let row = 0; row < count; row += 1) {
    const thing = new Thing();
    assign(thing, start, row);
    state.things.set(String(row), thing);
    things.push(thing);
  }
  const encoder = new Encoder(state);
  const seen = views.map((rows) => {
    const view = new StateView();
    for (const row of rows) view.add(things[row]);
    return view;
  });
  const follower = new Decoder(new Seen());
  const encode = () => {
    const it = { offset: 0 };
    encoder.encode(it);
    const shared = it.offset;
    return seen.map((view) => encoder.encodeView(view, shared, it));
  };
  const it = { offset: 0 };
  encoder.encodeAll(it);
  const whole = encoder.encodeAllView(seen[0], it.offset, it);
  follower.decode(whole.slice());
  encode();
  encoder.discardChanges();
  const found = { whole: [], encode: [], bytes: [] };
  for (const tick of written) {
    const begin = performance.now();
    for (let row = 0; row < tick.entities.length; row += 1) assign(things[tick.entities[row]], tick, row);
    const assigned = performance.now();
    const sent = encode();
    encoder.discardChanges();
    const end = performance.now();
    found.whole.push(end - begin);
    found.encode.push(end - assigned);
    found.bytes.push(sent.reduce((sum, each) => sum + each.length, 0));
    follower.decode(sent[0].slice());
  }
  for (const row of views[0]) {
    const theirs = follower.state.things.get(String(row));
    for (const name of [...FLOATS, "number"]) {
      if (theirs[name] !== things[row][name]) throw new Error(`@colyseus/schema: ${name} of ${row} differs in a view`);
    }
  }
  return found;
}

// bitECS has no views: which of those that are seen were written is found out here.
function bitecsViews({ count, views }, { start, written }) {
  const world = createWorld();
  const components = columns(count);
  for (let row = 0; row < count; row += 1) {
    const entity = addEntity(world);
    for (const component of components) addComponent(world, entity, component);
    put(components, entity, start, row);
  }
  const seen = views.map((rows) => rows.map((row) => row + 1));
  const writtenIn = new Uint32Array(count + 1);
  const serialize = createSoASerializer(components, { buffer: new ArrayBuffer(8 * 1024 * 1024) });
  const found = { whole: [], encode: [], bytes: [] };
  written.forEach((tick, number) => {
    const begin = performance.now();
    for (let row = 0; row < tick.entities.length; row += 1) {
      const entity = tick.entities[row] + 1;
      put(components, entity, tick, row);
      writtenIn[entity] = number + 1;
    }
    const assigned = performance.now();
    const sent = seen.map((entities) => serialize(entities.filter((entity) => writtenIn[entity] === number + 1)));
    const end = performance.now();
    found.whole.push(end - begin);
    found.encode.push(end - assigned);
    found.bytes.push(sent.reduce((sum, each) => sum + each.byteLength, 0));
  });
  return found;
}

const PEERS = {
  "@colyseus/schema": colyseus,
  "bitECS, comparing": (about, load) => bitecs(about, load, true),
  "bitECS, told": (about, load) => bitecs(about, load, false),
};

const VIEWING = {
  "@colyseus/schema": colyseusViews,
  "bitECS, told": bitecsViews,
};

// Each peer runs each load twice, and the second time counts: V8 compiles what is hot beside the first.
const found = {};
for (const about of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const load = readLoad(about);
  found[about.name] = {};
  for (const [name, run] of Object.entries(about.views ? VIEWING : PEERS)) {
    run(about, load);
    found[about.name][name] = run(about, load);
  }
}
console.log(JSON.stringify(found));

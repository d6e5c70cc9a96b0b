/**
 * Reads the objects of one collection, each with what its last version had already.
 *
 * `IncrementalDecoder` hands it the place of an object within an event or a list. What is the same as in the last
 * version is told by its bytes and handed out again; what is not is parsed. Imperative, with one cursor for all: every
 * event passes here, and `npm run bench -- informer` measures it.
 */
import * as Ballast from "./ballast.ts"
import * as Bytes from "./bytes.ts"
import type { Cursor } from "./cursor.ts"
import * as Place from "./cursor.ts"
import * as Json from "./json.ts"
import * as Members from "./members.ts"
import type { Names } from "./names.ts"
import * as Shared from "./shared.ts"
import * as Versions from "./versions.ts"

export type Value = Record<string, unknown>

/** What objects are that do not say it themselves. */
export interface Type {
  readonly kind: string
  readonly apiVersion: string
}

export type Types = Partial<Type>

/** Moves from an object to its metadata and answers what stands before it; undefined where that is more than types. */
export const types = (cursor: Cursor, names: Names): Types | undefined => {
  const found: { kind?: string; apiVersion?: string } = {}
  if (!Place.take(cursor, Json.openBrace)) return undefined
  while (true) {
    const member = Place.name(cursor, names)
    if (member === "metadata") return cursor.bytes[cursor.at] === Json.openBrace ? found : undefined
    if ((member !== "kind" && member !== "apiVersion") || Object.hasOwn(found, member)) return undefined
    const value = Place.plainString(cursor, names)
    if (value === undefined || Place.hasNext(cursor) !== true) return undefined
    found[member] = value
  }
}

export interface Objects {
  /**
   * The object that begins at `start`. The cursor stands at its metadata, as `types` leaves it, and then behind it.
   * Undefined, with the cursor anywhere, for one that is better parsed whole. Raises where a part is no JSON. `likelyEnd`
   * is where it ends if nothing else follows, -1 if unknown; `type` is what it is if it does not say so.
   */
  readonly read: (start: number, types: Types, likelyEnd: number, type?: Type) => Value | undefined
  /** As `read`, of an object that is new to the server or to this watch. */
  readonly readAdded: (start: number, types: Types, likelyEnd: number) => Value | undefined
  /** As `read`, of an object that is gone and is not kept any longer. */
  readonly readGone: (start: number, types: Types) => Value | undefined
  readonly versions: Versions.Versions
}

// Without the first quote: a search looks for the first letter first, and quotes are everywhere.
const metadataName = "metadata\""

/** Whether a text names metadata behind a position; managedFields name `f:metadata`, which does not count. */
const hasMetadata = (json: string, from: number): boolean => {
  let at = json.indexOf(metadataName, from)
  while (at >= 0 && json[at - 1] !== "\"") at = json.indexOf(metadataName, at + 1)
  return at >= 0
}

export const make = (
  cursor: Cursor,
  names: Names,
  options: { readonly isManagedFieldsStripped: boolean; readonly maxKeptBytes: number }
): Objects => {
  const versions = Versions.make(options.maxKeptBytes)
  const shared = Shared.make()
  const metadata = Members.make()
  const tail = Members.make()
  const scratch = Members.make()
  const ballast = Ballast.make()
  const text = Versions.emptyText()

  // Whether the object that was added last was not known: so is the next one then, as in initial events.
  let isNewLikely = true

  // Of the object that is read: what it is, whether its list says so, its last version, and whether all but the
  // resourceVersion is known to be the same.
  let kind: string | undefined
  let apiVersion: string | undefined
  let given: Type | undefined
  let old: Versions.Version | undefined
  let isUnchanged = false

  const parse = (start: number, end: number): unknown => JSON.parse(Bytes.text(cursor.bytes, start, end))

  // What stands between two positions, without the managedFields that were cut.
  const textAround = (start: number, end: number): string => {
    const { bytes } = cursor
    const { cutEnd, cutStart } = text
    return cutStart < 0
      ? Bytes.text(bytes, start, end)
      : Bytes.text(bytes, start, cutStart) + Bytes.text(bytes, cutEnd, end)
  }

  // Each begins with a brace, so what is parsed is an object.
  const parseMetadata = (): Value => JSON.parse(textAround(text.start, text.metadataEnd))

  const parseObject = (start: number): Value =>
    JSON.parse(
      given === undefined
        ? textAround(start, text.end)
        : `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},${
          textAround(start + 1, text.end)
        }`
    )

  // An object that is parsed as if it ended there; undefined where it may not, or may have its metadata twice. Loops of
  // the runtime find that out, which cost a fraction of a scan while a list is read by code that is not compiled yet.
  const parseTo = (start: number, end: number): Value | undefined => {
    const json = textAround(start, end)
    // A name is spelled otherwise by the escape of a code unit alone.
    if (json.includes("\\u") || hasMetadata(json, json.indexOf(metadataName) + 1)) return undefined
    try {
      const made: Value = JSON.parse(json)
      text.end = end
      text.isTailScanned = false
      return made
    } catch {
      return undefined
    }
  }

  const begin = (types: Types, type: Type | undefined): void => {
    given = types.kind === undefined && types.apiVersion === undefined ? type : undefined
    kind = given === undefined ? types.kind : given.kind
    apiVersion = given === undefined ? types.apiVersion : given.apiVersion
    text.start = cursor.at
    text.cutStart =
      text.cutEnd =
      text.uidStart =
      text.uidEnd =
      text.versionStart =
      text.versionEnd =
      text.metadataEnd =
        -1
    old = undefined
    isUnchanged = false
  }

  // Finds the members of the metadata, or that nothing but the version differs; false for what is better parsed whole.
  const scanMetadata = (): boolean => {
    const { bytes, limit } = cursor
    metadata.count = 0
    let previous = ++cursor.at
    let more: boolean | undefined = !Place.take(cursor, Json.closeBrace)
    while (more) {
      if (!Place.isAt(cursor, Json.quote)) return false
      const at = cursor.at
      const index = metadata.count
      const end = Members.add(metadata, names, bytes, at, limit)
      if (end < 0) return false
      cursor.at = end
      more = Place.hasNext(cursor)
      if (more === undefined) return false
      const member = metadata.names[index]
      if (options.isManagedFieldsStripped && member === "managedFields") {
        if (text.cutStart >= 0) return false
        metadata.count = index
        // With the comma that follows, or, for the last member, the one before.
        text.cutStart = more ? at : previous
        text.cutEnd = more ? cursor.at : end
      } else if (member === "uid" || member === "resourceVersion") {
        identify(member, metadata.starts[index] ?? 0, end)
        if (old !== undefined && old.metadataEnd >= 0 && text.cutStart < 0 && isSameButVersion(old)) {
          isUnchanged = true
          return true
        }
      }
      previous = end
    }
    text.metadataEnd = cursor.at
    isUnchanged = old !== undefined && (text.cutStart >= 0 || old.metadataEnd < 0) && isSameButVersion(old)
    return true
  }

  const identify = (member: "uid" | "resourceVersion", start: number, end: number): void => {
    if (Json.plainStringEnd(cursor.bytes, start, end) !== end) return
    if (member === "uid") {
      text.uidStart = start + 1
      text.uidEnd = end - 1
      old = versions.find(cursor.bytes, text)
    } else {
      text.versionStart = start + 1
      text.versionEnd = end - 1
    }
  }

  // Whether at most letters of the version differ, which stand where they stood; the end of the object is then known.
  const isSameButVersion = (version: Versions.Version): boolean => {
    const { cutEnd, cutStart, start, versionEnd, versionStart } = text
    const end = start + version.size + cutEnd - cutStart
    if (versionStart < 0 || end > cursor.limit || (cutStart >= 0 && cutStart < versionEnd) || !isOfType(version)) {
      return false
    }
    const kept = versions.bytesOf(version)
    const from = versions.offsetOf(version)
    const size = version.size
    const at = versionStart - start
    const behind = versionEnd - start
    if (behind >= size || !Bytes.isEqual(kept, from, cursor.bytes, start, at)) return false
    // The quote behind it is the next in the text before as well.
    if (Json.plainStringEnd(kept, from + at - 1, from + size) !== from + behind + 1) return false
    const before = cutStart < 0 ? 0 : cutStart - versionEnd
    if (before > 0 && !Bytes.isEqual(kept, from + behind, cursor.bytes, versionEnd, before)) return false
    const rest = cutStart < 0 ? versionEnd : cutEnd
    if (!Bytes.isEqual(kept, from + behind + before, cursor.bytes, rest, end - rest)) return false
    text.end = end
    return true
  }

  const isOfType = (version: Versions.Version): boolean =>
    version.object["kind"] === kind && version.object["apiVersion"] === apiVersion

  // Whether everything behind the metadata is the same; the end of the object is then known.
  const isTailSame = (version: Versions.Version): boolean => {
    const length = version.size - version.metadataEnd
    const end = text.metadataEnd + length
    if (end > cursor.limit) return false
    const from = versions.offsetOf(version) + version.metadataEnd
    if (!Bytes.isEqual(versions.bytesOf(version), from, cursor.bytes, text.metadataEnd, length)) return false
    text.end = end
    text.isTailScanned = version.isTailScanned
    return true
  }

  // Finds the members behind the metadata and the end of the object; false for what is better parsed whole.
  const scanTail = (): boolean => {
    tail.count = 0
    cursor.at = text.metadataEnd
    let more = Place.hasNext(cursor)
    while (more === true) {
      if (!Place.isAt(cursor, Json.quote)) return false
      const end = Members.add(tail, names, cursor.bytes, cursor.at, cursor.limit)
      if (end < 0) return false
      cursor.at = end
      const member = tail.names[tail.count - 1]
      if (member === "metadata" || member === "kind" || member === "apiVersion") return false
      more = Place.hasNext(cursor)
    }
    text.end = cursor.at
    text.isTailScanned = true
    return more === false
  }

  // What nothing is known of is not even looked at before it is parsed; undefined also for what is known.
  const unseen = (start: number, likelyEnd: number): Value | undefined => {
    const made = parseTo(start, likelyEnd)
    if (made === undefined) return undefined
    const metadata = made["metadata"] as Value
    const { uid } = metadata
    const isStripped = options.isManagedFieldsStripped && "managedFields" in metadata
    if (isStripped || typeof uid !== "string" || !versions.keepNew(uid, cursor.bytes, text, made)) return undefined
    shared.unify(metadata)
    cursor.at = likelyEnd
    return made
  }

  // What was never seen is parsed in one piece.
  const first = (start: number, likelyEnd: number): Value | undefined => {
    const made = (likelyEnd < 0 || given !== undefined ? undefined : parseTo(start, likelyEnd)) ??
      (scanTail() ? parseObject(start) : undefined)
    if (made === undefined) return undefined
    if (text.uidStart >= 0) shared.unify(made["metadata"] as Value)
    return made
  }

  const unchanged = (version: Versions.Version): Value => {
    ballast.add(text.end - text.start)
    const last = version.object["metadata"] as Value
    const resourceVersion = Bytes.text(cursor.bytes, text.versionStart, text.versionEnd)
    return resourceVersion === last["resourceVersion"]
      ? version.object
      : { ...version.object, metadata: { ...last, resourceVersion } }
  }

  // Of a text that was not scanned when it came; false where it has a member of the metadata twice.
  const findMetadataEnd = (version: Versions.Version): boolean => {
    const bytes = versions.bytesOf(version)
    const from = versions.offsetOf(version)
    const end = Json.valueEnd(bytes, from, from + version.size)
    if (end < 0 || !Members.read(scratch, names, { bytes, from: from + 1, to: end - 1 })) return false
    version.metadataEnd = end - from
    return true
  }

  const changed = (version: Versions.Version, start: number): Value | undefined => {
    const kept = versions.bytesOf(version)
    const from = versions.offsetOf(version)
    if (version.metadataEnd < 0 && !findMetadataEnd(version)) return first(start, -1)
    const metadataEnd = from + version.metadataEnd
    const isSame = isTailSame(version)
    if (!isSame) {
      const behind = { bytes: kept, from: metadataEnd + 1, to: from + version.size - 1 }
      if (!version.isTailScanned && !Members.read(scratch, names, behind)) return first(start, -1)
      if (!scanTail()) return undefined
    }
    Members.compare(metadata, names, cursor.bytes, { bytes: kept, from: from + 1, to: metadataEnd - 1 }, scratch)
    const newMetadata = renewed(version.object["metadata"] as Value, metadata, 0, parseMetadata)
    if (isSame) return { ...version.object, metadata: newMetadata }
    const to = from + version.size - 1
    Members.compare(tail, names, cursor.bytes, { bytes: kept, from: metadataEnd + 1, to }, scratch)
    const others = 1 + (kind === undefined ? 0 : 1) + (apiVersion === undefined ? 0 : 1)
    const made = renewed(version.object, tail, others, () => parseObject(start))
    made["metadata"] = newMetadata
    return made
  }

  // An object with the members that were scanned, and `others` that the one before has as well.
  const renewed = (last: Value, scanned: Members.Members, others: number, parseWhole: () => Value): Value => {
    const { count, ends, isSame, starts } = scanned
    let isAlike = Object.keys(last).length === count + others
    for (let i = 0; i < count && isAlike; i++) isAlike = Object.hasOwn(last, scanned.names[i] ?? "")
    // A copy is of the same hidden class, and so are all objects that have the same members.
    const made = isAlike ? { ...last } : parseWhole()
    for (let i = 0; i < count; i++) {
      const name = scanned.names[i] ?? ""
      if (isSame[i] === 1) made[name] = last[name]
      else if (isAlike) made[name] = parse(starts[i] ?? 0, ends[i] ?? 0)
    }
    return made
  }

  const known = (start: number, likelyEnd: number, isGone: boolean): Value | undefined => {
    if (!scanMetadata()) return undefined
    if (old !== undefined && !isOfType(old)) {
      versions.forget(old)
      old = undefined
    }
    const made = old === undefined ? first(start, likelyEnd) : isUnchanged ? unchanged(old) : changed(old, start)
    if (made === undefined) return undefined
    if (isGone) {
      if (old !== undefined) versions.forget(old)
    } else if (isUnchanged && old !== undefined) versions.touch(old, cursor.bytes, text, made)
    else if (text.uidStart >= 0) versions.keep(old, cursor.bytes, text, made)
    cursor.at = text.end
    return made
  }

  return {
    read: (start, types, likelyEnd, type) => {
      begin(types, type)
      return known(start, likelyEnd, false)
    },
    readAdded: (start, types, likelyEnd) => {
      begin(types, undefined)
      const made = isNewLikely && likelyEnd >= 0 ? unseen(start, likelyEnd) : undefined
      if (made !== undefined) return made
      const found = known(start, likelyEnd, false)
      // What is to be cut is known from a scan alone.
      isNewLikely = old === undefined && text.cutStart < 0
      return found
    },
    readGone: (start, types) => {
      begin(types, undefined)
      return known(start, -1, true)
    },
    versions
  }
}

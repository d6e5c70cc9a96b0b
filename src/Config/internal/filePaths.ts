/**
 * The file names in a kubeconfig: relative to the folder of the file they stand in, absolute in memory.
 */
import type * as Path from "effect/Path"
import type * as Kubeconfig from "../Kubeconfig.ts"

type Change = (path: string) => string

const changeMember = <K extends string>(
  stanza: { readonly [key in K]?: string },
  member: K,
  change: Change
): { readonly [key in K]?: string } => {
  const path = stanza[member]
  const changed: { [key in K]?: string } = {}
  if (path !== undefined && path !== "") changed[member] = change(path)
  return changed
}

const inCluster = (cluster: Kubeconfig.Cluster, change: Change): Kubeconfig.Cluster => ({
  ...cluster,
  ...changeMember(cluster, "certificate-authority", change)
})

const inUser = (user: Kubeconfig.User, change: Change, path: Path.Path): Kubeconfig.User => ({
  ...user,
  ...changeMember(user, "client-certificate", change),
  ...changeMember(user, "client-key", change),
  ...changeMember(user, "tokenFile", change),
  // A command without a separator is looked up in PATH, and may neither become nor stop being one.
  ...(user.exec?.command?.includes(path.sep) === true
    ? {
      exec: {
        ...user.exec,
        ...changeMember(user.exec, "command", (name) => {
          const changed = change(name)
          return changed.includes(path.sep) ? changed : `.${path.sep}${changed}`
        })
      }
    }
    : {})
})

/** Changes every file name of a kubeconfig. */
export const map = (kubeconfig: Kubeconfig.Kubeconfig, change: Change, path: Path.Path): Kubeconfig.Kubeconfig => ({
  ...kubeconfig,
  clusters: kubeconfig.clusters.map((entry) => ({ ...entry, cluster: inCluster(entry.cluster, change) })),
  users: kubeconfig.users.map((entry) => ({ ...entry, user: inUser(entry.user, change, path) }))
})

/** Makes every file name absolute. */
export const resolve = (
  kubeconfig: Kubeconfig.Kubeconfig,
  folder: string,
  path: Path.Path
): Kubeconfig.Kubeconfig => map(kubeconfig, (name) => path.isAbsolute(name) ? name : path.join(folder, name), path)

/** Makes every file name relative that lies at or below the folder; leaves any other as it is. */
export const relativize = (
  kubeconfig: Kubeconfig.Kubeconfig,
  folder: string,
  path: Path.Path
): Kubeconfig.Kubeconfig =>
  map(kubeconfig, (name) => {
    const relative = path.relative(folder, name)
    if (relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) return name
    return relative
  }, path)

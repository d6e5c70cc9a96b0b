/**
 * The flags of each component of a `ControlPlane`, its kubeconfig and the configuration of kwok, as values.
 *
 * All paths and ports come from one `Layout`; nothing here touches the machine.
 */
import type { Component, Options } from "../ControlPlane.ts"

/** Where everything of one control plane is. */
export interface Layout {
  readonly directory: string
  readonly ports: {
    readonly etcd: number
    readonly peer: number
    readonly apiserver: number
    readonly kubelet: number
    readonly forward: number
  }
  /** Paths of kwok's stages. */
  readonly stages: ReadonlyArray<string>
  readonly options: Options
}

export const address = (port: number): string => `http://127.0.0.1:${port}`

export const server = (layout: Layout): string => `https://127.0.0.1:${layout.ports.apiserver}`

export const token = (user: string): string => `${user}-token`

/** Who a token stands for: `token,user,uid,"group,group"`. */
export const tokens = (layout: Layout): string =>
  [
    { name: "admin", groups: ["system:masters"] },
    { name: "nobody" },
    ...(layout.options.users ?? [])
  ].map(({ groups = [], name }) => `${token(name)},${name},${name},"${groups.join(",")}"\n`).join("")

/** A kubeconfig in JSON, which is YAML too. */
export const kubeconfig = (layout: Layout): string => {
  const file = (name: string) => `${layout.directory}/${name}`
  const bearers = ["admin", "nobody", ...(layout.options.users ?? []).map((user) => user.name)]
  const users = [
    ...bearers.map((name) => ({ name, user: { token: token(name) } })),
    { name: "cert", user: { "client-certificate": file("client.crt"), "client-key": file("client.key") } }
  ]
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "local", cluster: { server: server(layout), "certificate-authority": file("authority.crt") } }
    ],
    users,
    contexts: users.map(({ name }) => ({ name, context: { cluster: "local", user: name } })),
    "current-context": "admin"
  }
  return JSON.stringify(config, null, 2)
}

/** Three lines in CRI format, one of them on stderr. */
export const podLog = ["stdout F line 1", "stdout F line 2", "stderr F line 3"]
  .map((line, index) => `2026-01-01T00:00:0${index}.000000000Z ${line}\n`).join("")

/** kwok as the kubelet of every node with its annotation: exec runs here, logs and attach answer `pod.log`. */
export const kwokConfig = (layout: Layout): string => {
  const apiVersion = "config.kwok.x-k8s.io/v1alpha1"
  const v1alpha1 = "kwok.x-k8s.io/v1alpha1"
  const metadata = { name: "all" }
  const logsFile = `${layout.directory}/pod.log`
  const documents = [
    {
      apiVersion,
      kind: "KwokConfiguration",
      options: {
        manageAllNodes: false,
        manageNodesWithAnnotationSelector: "kwok.x-k8s.io/node=fake",
        cidr: "10.0.0.1/24",
        nodeIP: "127.0.0.1",
        nodePort: layout.ports.kubelet,
        tlsCertFile: `${layout.directory}/server.crt`,
        tlsPrivateKeyFile: `${layout.directory}/server.key`,
        enableDebuggingHandlers: true,
        nodePlayStageParallelism: 4,
        podPlayStageParallelism: 4,
        nodeLeaseParallelism: 4,
        nodeLeaseDurationSeconds: 40
      }
    },
    { apiVersion: v1alpha1, kind: "ClusterExec", metadata, spec: { execs: [{ local: {} }] } },
    { apiVersion: v1alpha1, kind: "ClusterAttach", metadata, spec: { attaches: [{ logsFile }] } },
    { apiVersion: v1alpha1, kind: "ClusterLogs", metadata, spec: { logs: [{ logsFile, follow: true }] } },
    {
      apiVersion: v1alpha1,
      kind: "ClusterPortForward",
      metadata,
      spec: { forwards: [{ ports: [8080], target: { port: layout.ports.forward, address: "127.0.0.1" } }] }
    }
  ]
  return documents.map((document) => JSON.stringify(document)).join("\n---\n")
}

/** A node that kwok plays. */
export const node = (index: number) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: `node-${index}`,
    annotations: { "kwok.x-k8s.io/node": "fake" },
    labels: { "kubernetes.io/hostname": `node-${index}`, "kubernetes.io/os": "linux", type: "kwok" }
  }
})

const flagsOf: Readonly<Record<Component, (layout: Layout) => ReadonlyArray<string>>> = {
  etcd: ({ directory, ports }) => [
    `--data-dir=${directory}/etcd`,
    `--listen-client-urls=${address(ports.etcd)}`,
    `--advertise-client-urls=${address(ports.etcd)}`,
    `--listen-peer-urls=${address(ports.peer)}`,
    `--initial-advertise-peer-urls=${address(ports.peer)}`,
    `--initial-cluster=default=${address(ports.peer)}`,
    "--unsafe-no-fsync",
    "--log-level=error",
    `--quota-backend-bytes=${8 * 1024 ** 3}`
  ],
  "kube-apiserver": ({ directory, ports }) => [
    `--etcd-servers=${address(ports.etcd)}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.apiserver}`,
    `--cert-dir=${directory}`,
    `--tls-cert-file=${directory}/server.crt`,
    `--tls-private-key-file=${directory}/server.key`,
    `--client-ca-file=${directory}/authority.crt`,
    `--token-auth-file=${directory}/tokens.csv`,
    "--authorization-mode=RBAC",
    `--service-account-key-file=${directory}/serviceaccounts.crt`,
    `--service-account-signing-key-file=${directory}/serviceaccounts.key`,
    "--service-account-issuer=https://kubernetes.default.svc",
    // Without the controller that makes the service account `default`, no pod would be admitted.
    "--disable-admission-plugins=ServiceAccount",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged",
    `--kubelet-client-certificate=${directory}/client.crt`,
    `--kubelet-client-key=${directory}/client.key`
  ],
  "kube-controller-manager": ({ directory }) => [
    `--kubeconfig=${directory}/kubeconfig`,
    `--service-account-private-key-file=${directory}/serviceaccounts.key`,
    `--root-ca-file=${directory}/authority.crt`,
    `--cluster-signing-cert-file=${directory}/authority.crt`,
    `--cluster-signing-key-file=${directory}/authority.key`,
    "--leader-elect=false",
    "--secure-port=0"
  ],
  "kube-scheduler": ({ directory }) => [
    `--kubeconfig=${directory}/kubeconfig`,
    "--leader-elect=false",
    "--secure-port=0"
  ],
  kwok: ({ directory, stages }) => [
    `--kubeconfig=${directory}/kubeconfig`,
    `--config=${directory}/kwok.yaml`,
    ...stages.map((stage) => `--config=${stage}`)
  ]
}

export const flags = (component: Component, layout: Layout): ReadonlyArray<string> => [
  ...flagsOf[component](layout),
  ...(layout.options.flags?.[component] ?? [])
]

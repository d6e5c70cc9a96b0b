/** A Pod of the size that a cluster's Pods have without managedFields: about 2.8 KB of JSON. */
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-6d4b75cb6d-hx7mq",
    generateName: "web-6d4b75cb6d-",
    namespace: "default",
    uid: "3f1f7c3a-8d2c-4c0e-9a52-3b8c5a0a8f11",
    resourceVersion: "12345678",
    creationTimestamp: "2026-11-21T05:00:00Z",
    labels: { app: "web", "pod-template-hash": "6d4b75cb6d", tier: "frontend", "app.kubernetes.io/name": "web" },
    annotations: {
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8080",
      "kubectl.kubernetes.io/restartedAt": "2026-11-20T00:00:00Z"
    },
    ownerReferences: [{
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "web-6d4b75cb6d",
      uid: "b0f5f6a2-7e0d-4a0a-8f9b-0a4a1c6c9b1d",
      controller: true,
      blockOwnerDeletion: true
    }]
  },
  spec: {
    volumes: [{
      name: "kube-api-access-x2x7k",
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
          { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
          {
            downwardAPI: {
              items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }]
            }
          }
        ],
        defaultMode: 420
      }
    }],
    containers: ["app", "sidecar"].map((name) => ({
      name,
      image: `registry.example.com/team/${name}:v1.2.3`,
      args: ["--listen=:8080", "--log-level=info"],
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      env: [{ name: "POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
      resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
      volumeMounts: [{
        name: "kube-api-access-x2x7k",
        readOnly: true,
        mountPath: "/var/run/secrets/kubernetes.io/serviceaccount"
      }],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: "IfNotPresent"
    })),
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    nodeName: "node-17",
    schedulerName: "default-scheduler"
  },
  status: {
    phase: "Running",
    conditions: ["Initialized", "Ready"].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: "2026-11-21T05:00:03Z"
    })),
    hostIP: "10.0.0.17",
    podIP: "10.244.3.21",
    startTime: "2026-11-21T05:00:00Z",
    qosClass: "Burstable"
  }
}

export const text = JSON.stringify(pod)

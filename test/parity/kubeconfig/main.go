// Writes what client-go makes of the cases in cases.yaml: kubeconfig files merged, resolved with overrides, and written
// back after a change; the KUBERNETES_EXEC_INFO that an exec plugin is given; the headers of impersonation.
//
//	go run . > vectors.json
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/plugin/pkg/client/auth/exec"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/transport"
)

type impersonation struct {
	User   string              `json:"user,omitempty"`
	UID    string              `json:"uid,omitempty"`
	Groups []string            `json:"groups,omitempty"`
	Extra  map[string][]string `json:"extra,omitempty"`
}

type overrides struct {
	Context            string        `json:"context"`
	Cluster            string        `json:"cluster"`
	User               string        `json:"user"`
	Namespace          string        `json:"namespace"`
	Server             string        `json:"server"`
	TLSServerName      string        `json:"tlsServerName"`
	Insecure           bool          `json:"insecureSkipTlsVerify"`
	CA                 string        `json:"certificateAuthority"`
	CAData             string        `json:"certificateAuthorityData"`
	ProxyURL           string        `json:"proxyUrl"`
	DisableCompression bool          `json:"disableCompression"`
	Cert               string        `json:"clientCertificate"`
	CertData           string        `json:"clientCertificateData"`
	Key                string        `json:"clientKey"`
	KeyData            string        `json:"clientKeyData"`
	Token              string        `json:"token"`
	TokenFile          string        `json:"tokenFile"`
	Username           string        `json:"username"`
	Password           string        `json:"password"`
	Impersonation      impersonation `json:"impersonation"`
}

type resolveCase struct {
	Name       string            `json:"name"`
	Files      map[string]string `json:"files"`
	Kubeconfig []string          `json:"kubeconfig"`
	Explicit   string            `json:"explicit"`
	Overrides  overrides         `json:"overrides"`
}

type change struct {
	SetContext    *string                      `json:"currentContext"`
	Clusters      map[string]map[string]string `json:"clusters"`
	Users         map[string]map[string]string `json:"users"`
	Contexts      map[string]map[string]string `json:"contexts"`
	DeleteCluster []string                     `json:"deleteClusters"`
	DeleteUser    []string                     `json:"deleteUsers"`
	DeleteContext []string                     `json:"deleteContexts"`
}

type writeCase struct {
	Name       string            `json:"name"`
	Files      map[string]string `json:"files"`
	Kubeconfig []string          `json:"kubeconfig"`
	Change     change            `json:"change"`
}

type cases struct {
	Resolve     []resolveCase   `json:"resolve"`
	Write       []writeCase     `json:"write"`
	Impersonate []impersonation `json:"impersonate"`
}

type execOut struct {
	Command         string            `json:"command"`
	Args            []string          `json:"args"`
	Env             map[string]string `json:"env"`
	APIVersion      string            `json:"apiVersion"`
	InstallHint     string            `json:"installHint"`
	ProvideCluster  bool              `json:"provideClusterInfo"`
	InteractiveMode string            `json:"interactiveMode"`
	Config          json.RawMessage   `json:"config,omitempty"`
}

type configOut struct {
	Host               string         `json:"host"`
	Namespace          string         `json:"namespace"`
	Insecure           bool           `json:"insecure"`
	ServerName         string         `json:"serverName"`
	CAFile             string         `json:"caFile"`
	CAData             string         `json:"caData"`
	CertFile           string         `json:"certFile"`
	CertData           string         `json:"certData"`
	KeyFile            string         `json:"keyFile"`
	KeyData            string         `json:"keyData"`
	Token              string         `json:"token"`
	TokenFile          string         `json:"tokenFile"`
	Username           string         `json:"username"`
	Password           string         `json:"password"`
	Impersonate        *impersonation `json:"impersonate,omitempty"`
	Proxy              string         `json:"proxy"`
	DisableCompression bool           `json:"disableCompression"`
	Exec               *execOut       `json:"exec,omitempty"`
	AuthProvider       string         `json:"authProvider,omitempty"`
}

type resolveOut struct {
	Name   string          `json:"name"`
	Error  string          `json:"error,omitempty"`
	Merged json.RawMessage `json:"merged,omitempty"`
	Config *configOut      `json:"config,omitempty"`
}

type writeOut struct {
	Name  string                     `json:"name"`
	Error string                     `json:"error,omitempty"`
	Files map[string]json.RawMessage `json:"files"`
}

type execInfoOut struct {
	Name string          `json:"name"`
	Info json.RawMessage `json:"info"`
}

type impersonateOut struct {
	Headers [][2]string `json:"headers"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func writeFiles(root string, files map[string]string) {
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
}

func rooted(root, text string) string { return strings.ReplaceAll(text, "$ROOT", root) }

func (o overrides) clientcmd(root string) *clientcmd.ConfigOverrides {
	return &clientcmd.ConfigOverrides{
		CurrentContext: o.Context,
		Context:        clientcmdapi.Context{Cluster: o.Cluster, AuthInfo: o.User, Namespace: o.Namespace},
		ClusterInfo: clientcmdapi.Cluster{
			Server:                   o.Server,
			TLSServerName:            o.TLSServerName,
			InsecureSkipTLSVerify:    o.Insecure,
			CertificateAuthority:     rooted(root, o.CA),
			CertificateAuthorityData: []byte(o.CAData),
			ProxyURL:                 o.ProxyURL,
			DisableCompression:       o.DisableCompression,
		},
		AuthInfo: clientcmdapi.AuthInfo{
			ClientCertificate:     rooted(root, o.Cert),
			ClientCertificateData: []byte(o.CertData),
			ClientKey:             rooted(root, o.Key),
			ClientKeyData:         []byte(o.KeyData),
			Token:                 o.Token,
			TokenFile:             rooted(root, o.TokenFile),
			Username:              o.Username,
			Password:              o.Password,
			Impersonate:           o.Impersonation.User,
			ImpersonateUID:        o.Impersonation.UID,
			ImpersonateGroups:     o.Impersonation.Groups,
			ImpersonateUserExtra:  o.Impersonation.Extra,
		},
	}
}

func resolve(root string, it resolveCase) resolveOut {
	out := resolveOut{Name: it.Name}
	writeFiles(root, it.Files)
	paths := make([]string, 0, len(it.Kubeconfig))
	for _, name := range it.Kubeconfig {
		if name != "" {
			name = filepath.Join(root, name)
		}
		paths = append(paths, name)
	}
	os.Setenv("KUBECONFIG", strings.Join(paths, ":"))
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if it.Explicit != "" {
		rules.ExplicitPath = filepath.Join(root, it.Explicit)
	}
	given := it.Overrides.clientcmd(root)
	loaded, err := rules.Load()
	if err == nil && it.Explicit == "" {
		text := must(clientcmd.Write(*loaded))
		out.Merged = must(yaml.ToJSON(text))
	}
	client := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, given)
	config, err := client.ClientConfig()
	if err != nil {
		out.Error = err.Error()
		return out
	}
	namespace, _, err := client.Namespace()
	if err != nil {
		out.Error = err.Error()
		return out
	}
	result := &configOut{
		Host:               config.Host,
		Namespace:          namespace,
		Insecure:           config.Insecure,
		ServerName:         config.ServerName,
		CAFile:             config.CAFile,
		CAData:             string(config.CAData),
		CertFile:           config.CertFile,
		CertData:           string(config.CertData),
		KeyFile:            config.KeyFile,
		KeyData:            string(config.KeyData),
		Token:              config.BearerToken,
		TokenFile:          config.BearerTokenFile,
		Username:           config.Username,
		Password:           config.Password,
		DisableCompression: config.DisableCompression,
	}
	if config.Impersonate.UserName != "" {
		result.Impersonate = &impersonation{
			config.Impersonate.UserName, config.Impersonate.UID, config.Impersonate.Groups, config.Impersonate.Extra,
		}
	}
	if config.Proxy != nil {
		request := must(http.NewRequest("GET", "https://example", nil))
		result.Proxy = must(config.Proxy(request)).String()
	}
	if provider := config.ExecProvider; provider != nil {
		env := map[string]string{}
		for _, variable := range provider.Env {
			env[variable.Name] = variable.Value
		}
		result.Exec = &execOut{
			Command: provider.Command, Args: provider.Args, Env: env, APIVersion: provider.APIVersion,
			InstallHint: provider.InstallHint, ProvideCluster: provider.ProvideClusterInfo,
			InteractiveMode: string(provider.InteractiveMode),
		}
		if unknown, ok := provider.Config.(*runtime.Unknown); ok {
			result.Exec.Config = unknown.Raw
		}
	}
	if config.AuthProvider != nil {
		result.AuthProvider = config.AuthProvider.Name
	}
	out.Config = result
	return out
}

func write(root string, it writeCase) writeOut {
	out := writeOut{Name: it.Name, Files: map[string]json.RawMessage{}}
	writeFiles(root, it.Files)
	paths := make([]string, 0, len(it.Kubeconfig))
	for _, name := range it.Kubeconfig {
		paths = append(paths, filepath.Join(root, name))
	}
	os.Setenv("KUBECONFIG", strings.Join(paths, ":"))
	options := clientcmd.NewDefaultPathOptions()
	config := must(options.GetStartingConfig())
	if it.Change.SetContext != nil {
		config.CurrentContext = *it.Change.SetContext
	}
	for name, members := range it.Change.Clusters {
		cluster := clientcmdapi.NewCluster()
		if known, ok := config.Clusters[name]; ok {
			cluster = known.DeepCopy()
		}
		for member, value := range members {
			switch member {
			case "server":
				cluster.Server = value
			case "certificate-authority":
				cluster.CertificateAuthority = rooted(root, value)
			default:
				panic(member)
			}
		}
		config.Clusters[name] = cluster
	}
	for name, members := range it.Change.Users {
		user := clientcmdapi.NewAuthInfo()
		if known, ok := config.AuthInfos[name]; ok {
			user = known.DeepCopy()
		}
		for member, value := range members {
			switch member {
			case "token":
				user.Token = value
			case "client-certificate":
				user.ClientCertificate = rooted(root, value)
			default:
				panic(member)
			}
		}
		config.AuthInfos[name] = user
	}
	for name, members := range it.Change.Contexts {
		context := clientcmdapi.NewContext()
		if known, ok := config.Contexts[name]; ok {
			context = known.DeepCopy()
		}
		for member, value := range members {
			switch member {
			case "cluster":
				context.Cluster = value
			case "user":
				context.AuthInfo = value
			case "namespace":
				context.Namespace = value
			default:
				panic(member)
			}
		}
		config.Contexts[name] = context
	}
	for _, name := range it.Change.DeleteCluster {
		delete(config.Clusters, name)
	}
	for _, name := range it.Change.DeleteUser {
		delete(config.AuthInfos, name)
	}
	for _, name := range it.Change.DeleteContext {
		delete(config.Contexts, name)
	}
	if err := clientcmd.ModifyConfig(options, *config, true); err != nil {
		out.Error = err.Error()
	}
	for _, name := range it.Kubeconfig {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue
		}
		loaded := must(clientcmd.Load(text))
		out.Files[name] = must(yaml.ToJSON(must(clientcmd.Write(*loaded))))
	}
	return out
}

type discard struct{ header http.Header }

func (d *discard) RoundTrip(request *http.Request) (*http.Response, error) {
	d.header = request.Header
	return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
}

func execInfo(root, name, version string, provide bool, cluster clientauthentication.Cluster) execInfoOut {
	target := filepath.Join(root, "info")
	script := fmt.Sprintf(`printf %%s "$KUBERNETES_EXEC_INFO" > %s
printf '{"apiVersion":"%s","kind":"ExecCredential","status":{"token":"t"}}'`, target, version)
	authenticator := must(exec.GetAuthenticator(&clientcmdapi.ExecConfig{
		Command: "sh", Args: []string{"-c", script}, APIVersion: version, ProvideClusterInfo: provide,
		InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}, &cluster))
	config := &transport.Config{}
	if err := authenticator.UpdateTransportConfig(config); err != nil {
		panic(err)
	}
	request := must(http.NewRequest("GET", "https://example", nil))
	must(config.WrapTransport(&discard{}).RoundTrip(request))
	return execInfoOut{Name: name, Info: must(os.ReadFile(target))}
}

func impersonate(it impersonation) impersonateOut {
	sink := &discard{}
	tripper := transport.NewImpersonatingRoundTripper(transport.ImpersonationConfig{
		UserName: it.User, UID: it.UID, Groups: it.Groups, Extra: it.Extra,
	}, sink)
	must(tripper.RoundTrip(must(http.NewRequest("GET", "https://example", nil))))
	out := impersonateOut{Headers: [][2]string{}}
	names := make([]string, 0, len(sink.header))
	for name := range sink.header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range sink.header[name] {
			out.Headers = append(out.Headers, [2]string{name, value})
		}
	}
	return out
}

func main() {
	os.Unsetenv("KUBERNETES_SERVICE_HOST")
	text := must(os.ReadFile("cases.yaml"))
	var all cases
	if err := json.Unmarshal(must(yaml.ToJSON(text)), &all); err != nil {
		panic(err)
	}
	base := must(os.MkdirTemp("", "parity"))
	defer os.RemoveAll(base)
	os.Setenv("HOME", filepath.Join(base, "home"))
	result := map[string]any{"client-go": "v0.36.3"}
	resolved := []json.RawMessage{}
	record := func(root string, value any) json.RawMessage {
		encoded := must(json.Marshal(value))
		return json.RawMessage(strings.ReplaceAll(string(encoded), root, "$ROOT"))
	}
	for index, it := range all.Resolve {
		root := filepath.Join(base, fmt.Sprint("r", index))
		writeFiles(root, map[string]string{".keep": ""})
		resolved = append(resolved, record(root, resolve(root, it)))
	}
	result["resolve"] = resolved
	written := []json.RawMessage{}
	for index, it := range all.Write {
		root := filepath.Join(base, fmt.Sprint("w", index))
		written = append(written, record(root, write(root, it)))
	}
	result["write"] = written
	root := filepath.Join(base, "exec")
	writeFiles(root, map[string]string{".keep": ""})
	whole := clientauthentication.Cluster{
		Server: "https://c:6443", TLSServerName: "name", InsecureSkipTLSVerify: true,
		CertificateAuthorityData: []byte("CA"), ProxyURL: "http://proxy", DisableCompression: true,
		Config: &runtime.Unknown{Raw: []byte(`{"audience":"a"}`), ContentType: runtime.ContentTypeJSON},
	}
	bare := clientauthentication.Cluster{Server: "https://c:6443"}
	v1, v1beta1 := "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
	result["execInfo"] = []execInfoOut{
		execInfo(root, "v1 not told", v1, false, whole),
		execInfo(root, "v1beta1 not told", v1beta1, false, whole),
		execInfo(root, "v1 whole", v1, true, whole),
		execInfo(root, "v1beta1 whole", v1beta1, true, whole),
		execInfo(root, "v1 bare", v1, true, bare),
		execInfo(root, "v1beta1 bare", v1beta1, true, bare),
	}
	headers := []impersonateOut{}
	for _, it := range all.Impersonate {
		headers = append(headers, impersonate(it))
	}
	result["impersonate"] = headers
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		panic(err)
	}
}

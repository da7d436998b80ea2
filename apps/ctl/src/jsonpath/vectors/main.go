// Writes what kubectl's own jsonpath makes of the templates in templates.json, with k8s.io/client-go v0.32.0 in go.mod:
// go run . < templates.json > vectors.json
package main

import (
	"encoding/json"
	"os"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// Numbers without fraction are int64, as in Kubernetes' unstructured objects.
func value(data any) any {
	switch data := data.(type) {
	case json.Number:
		if whole, err := data.Int64(); err == nil {
			return whole
		}
		float, _ := data.Float64()
		return float
	case []any:
		for at := range data {
			data[at] = value(data[at])
		}
	case map[string]any:
		for key := range data {
			data[key] = value(data[key])
		}
	}
	return data
}

type vector struct {
	Template string `json:"template"`
	Output   string `json:"output"`
	Error    string `json:"error,omitempty"`
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	var input struct {
		Data      any      `json:"data"`
		Templates []string `json:"templates"`
	}
	if err := decoder.Decode(&input); err != nil {
		panic(err)
	}
	data := value(input.Data)
	vectors := []vector{}
	for _, text := range input.Templates {
		var output strings.Builder
		path := jsonpath.New("out").AllowMissingKeys(true)
		err := path.Parse(text)
		if err == nil {
			err = path.Execute(&output, data)
		}
		one := vector{Template: text, Output: output.String()}
		if err != nil {
			one.Error = err.Error()
			one.Output = ""
		}
		vectors = append(vectors, one)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	encoder.Encode(vectors)
}

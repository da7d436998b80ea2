// Writes what Go's own text/template makes of the templates in templates.json: go run main.go < templates.json > vectors.json
package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

// Numbers without fraction are ints, as in the fields of resources.
func value(data any) any {
	switch data := data.(type) {
	case json.Number:
		if whole, err := data.Int64(); err == nil {
			return int(whole)
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
		parsed, err := template.New("get").Parse(text)
		if err == nil {
			err = parsed.Execute(&output, data)
		}
		one := vector{Template: text, Output: output.String()}
		if err != nil {
			one.Error = err.Error()
		}
		vectors = append(vectors, one)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	encoder.Encode(vectors)
}

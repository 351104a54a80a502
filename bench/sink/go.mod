module tidegate.dev/bench/sink

go 1.21

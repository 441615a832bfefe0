// Runs dynalite in memory on a free loopback port and says where, as crossover's servers do.
import dynalite from "dynalite";

const server = dynalite({ createTableMs: 0 });
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ listening: "127.0.0.1:" + server.address().port }));
});

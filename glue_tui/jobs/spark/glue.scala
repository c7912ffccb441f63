// The catalog's tables and `glue`, for a Scala job: read by the Scala shell before the job's own script or class.
// What `glue` is asked to do is written down for the worker, which does it when the job has ended well.

object glue extends Serializable {
  import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
  import org.apache.spark.sql.DataFrame

  private def plan: JsonNode = new ObjectMapper().readTree(new java.io.File(sys.env("GLUE_TUI_SPARK_PLAN")))
  private def folder: String = plan.get("folder").asText
  private var frames = 0

  private def texts(name: String): Map[String, String] = {
    val node = plan.get(name)
    val names = node.fieldNames
    var found = Map.empty[String, String]
    while (names.hasNext) { val key = names.next(); found += key -> node.get(key).asText }
    found
  }

  private[this] def tell(what: java.util.Map[String, Any], file: String): Unit = {
    val line = new ObjectMapper().writeValueAsString(what) + "\n"
    import java.nio.file.StandardOpenOption.{APPEND, CREATE}
    java.nio.file.Files.write(java.nio.file.Paths.get(folder, file), line.getBytes("UTF-8"), CREATE, APPEND)
  }

  private def pairs(values: (String, Any)*): java.util.Map[String, Any] = {
    val made = new java.util.LinkedHashMap[String, Any]()
    values.foreach { case (name, value) => made.put(name, value) }
    made
  }

  private def list(values: Seq[String]): java.util.List[String] = {
    val made = new java.util.ArrayList[String]()
    values.foreach(value => made.add(value))
    made
  }

  private def call(what: String, frame: DataFrame, where: (String, Any)*): Unit = {
    frames += 1
    frame.write.parquet(s"file://$folder/frames/$frames")
    tell(pairs("do" -> what, "frame" -> frames.toString, "with" -> pairs(where: _*)), "calls.jsonl")
  }

  /** `--name` to value, as the trigger and the job gave them. */
  lazy val arguments: Map[String, String] = texts("arguments")

  /** Run properties. */
  lazy val properties: Map[String, String] = texts("properties")

  /** A catalog table, `database.table`. */
  def table(name: String): DataFrame = org.apache.spark.sql.SparkSession.active.table(name)

  /** Write the same rows to every target of the job's definition, when the job succeeds. */
  def writeTargets(frame: DataFrame): Unit = call("write_targets", frame)

  /** Write files and a catalog table, when the job succeeds. */
  def write(frame: DataFrame, table: String, path: String, format: String = "parquet", mode: String = "overwrite",
      partitionBy: Seq[String] = Nil): Unit =
    call("write", frame, "table" -> table, "path" -> path, "format" -> format, "mode" -> mode,
      "partition_by" -> list(partitionBy))

  /** Write rows into a table behind a connection, when the job succeeds. */
  def writeDatabase(frame: DataFrame, connection: String, table: String, mode: String = "overwrite",
      keys: Seq[String] = Nil): Unit =
    call("write_database", frame, "connection" -> connection, "table" -> table, "mode" -> mode, "keys" -> list(keys))

  /** Set a run property for the nodes that start after this one. */
  def setProperty(name: String, value: Any): Unit =
    tell(pairs("do" -> "set_property", "with" -> pairs("name" -> name, "value" -> value.toString)), "calls.jsonl")

  private[this] def strings(node: JsonNode): Array[String] =
    (0 until node.size).map(place => node.get(place).asText).toArray

  /** Glue's arguments of a job, as a program gets them. */
  lazy val args: Array[String] = strings(plan.get("argv"))

  /** For glue-tui itself: make the tables known. */
  def begin(): Unit = strings(plan.get("statements")).foreach(org.apache.spark.sql.SparkSession.active.sql(_))

  /** For glue-tui itself: run the script or the class, and end the program. */
  def run(): Unit = {
    val code = if (plan.get("main_class").asText.isEmpty) runScript() else runClass()
    org.apache.spark.sql.SparkSession.active.stop()
    System.exit(code)
  }

  private def failed(error: Throwable, line: Int, script: String = ""): Int = {
    var cause = error
    while (cause.getCause != null && (cause.isInstanceOf[ExceptionInInitializerError]
        || cause.isInstanceOf[java.lang.reflect.InvocationTargetException])) cause = cause.getCause
    val trace = cause.getStackTrace
    // What lies below the script's own outermost line is the shell.
    val outermost = trace.lastIndexWhere(frame => frame.getFileName == script && frame.getClassName.endsWith("$iw"))
    val users = if (outermost < 0) trace else trace.take(outermost + 1)
    val frames = users.map(frame => s"\tat $frame")
    val at = users.find(_.getFileName == script).map(_.getLineNumber).getOrElse(line)
    tell(pairs("type" -> cause.getClass.getSimpleName, "message" -> String.valueOf(cause.getMessage),
      "line" -> at, "story" -> (cause.toString + frames.mkString("\n", "\n", ""))), "failure.json")
    1
  }

  private def runClass(): Int =
    try {
      val loader = Thread.currentThread.getContextClassLoader
      Class.forName(plan.get("main_class").asText, true, loader).getMethod("main", classOf[Array[String]])
        .invoke(null, args)
      0
    } catch { case error: Throwable => failed(error, 0) }

  private def runScript(): Int = {
    val shell = Class.forName("org.apache.spark.repl.Main").getMethod("interp").invoke(null)
      .asInstanceOf[scala.tools.nsc.interpreter.shell.ILoop].intp
    val pieces = plan.get("pieces")
    val name = plan.get("script").asText
    var (code, line, place) = ("", 0, 0)
    while (place < pieces.size) {
      if (code.isEmpty) line = pieces.get(place).get("line").asInt
      code = if (code.isEmpty) pieces.get(place).get("code").asText
        else code + "\n" + pieces.get(place).get("code").asText
      var result: Any = null
      // Blank lines before it: so the compiler and stack traces name the line of the script.
      shell.beQuietDuring { shell.withLabel(name) { result = shell.interpret("\n" * (line - 1) + code) } }
      result.toString match {
        case "Success" => code = ""
        case "Incomplete" =>
        case _ => return shell.valueOfTerm("lastException") match {
          case Some(error: Throwable) => failed(error, line, name)
          case _ => tell(pairs("type" -> "CompileError", "message" -> "", "line" -> line), "failure.json"); 1
        }
      }
      place += 1
    }
    if (code.isEmpty) 0 else {
      tell(pairs("type" -> "CompileError", "message" -> "the script ends within a statement", "line" -> line),
        "failure.json")
      1
    }
  }
}
val args = glue.args
glue.begin()

// After `glue.scala`: the job itself.
glue.run()
